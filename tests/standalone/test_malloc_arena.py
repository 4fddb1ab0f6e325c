"""Threads share one heap, so that what one of them has freed is used by the others."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: A command that allocates in threads in place of the command line; it prints glibc's heaps.
PROGRAM = """
import ctypes, sys, threading
import standalone.cli
from standalone.__main__ import main

def allocate():
    everyone = threading.Barrier(5)
    threads = [threading.Thread(target=lambda: everyone.wait(len(bytes(5000)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    everyone.wait()
    for thread in threads:
        thread.join()
    libc = ctypes.CDLL(None)
    libc.fdopen.restype = ctypes.c_void_p
    out = libc.fdopen(1, b"w")
    libc.malloc_info(0, ctypes.c_void_p(out))
    libc.fflush(ctypes.c_void_p(out))

standalone.cli.cli = allocate
main()
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc has arenas")
def test_the_threads_of_a_command_share_one_heap() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert printed.count("<heap nr=") == 1
