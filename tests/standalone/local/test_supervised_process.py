"""A supervised server ends with its owner, and takes along what it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.command_line import ROOT, wait_until
from support.processes import have_ended

from standalone.local.supervised_process import Program, SupervisedProcess

#: A server that says its process's number, and that of a child in a process group of its own.
PARENT = (
    "import os, subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " preexec_fn=os.setpgrp);"
    "print(os.getpid(), child.pid, flush=True); time.sleep(600)"
)


def program(code: str, folder: Path, **options: object) -> Program:
    return Program(
        arguments=[sys.executable, "-c", code],
        environment=dict(os.environ),
        folder=folder,
        **options,  # type: ignore[arg-type]
    )


def named_in(line: bytes | str) -> list[psutil.Process]:
    return [psutil.Process(int(each)) for each in line.split()]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 128 + 9)],
)
def test_its_exit_code_is_the_servers(tmp_path: Path, code: str, expected: int):
    server = SupervisedProcess(program(code, tmp_path))
    with server.output_pipe as printed:
        assert printed.read() == b""
    server.close()
    assert server.exit_code() == expected


def test_closing_ends_the_server_and_what_it_started(tmp_path: Path):
    server = SupervisedProcess(program(PARENT, tmp_path))
    with server.output_pipe as printed:
        processes = named_in(printed.readline())
        assert not have_ended(processes)
        server.close()
        server.close()
    assert have_ended(processes)


def test_a_server_ends_as_it_wants_to(tmp_path: Path):
    code = (
        "import signal;"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT});"  # or a sleep could miss it
        "print('ready', flush=True);"
        "signal.sigwait({signal.SIGINT});"
        "print('in order')"
    )
    server = SupervisedProcess(program(code, tmp_path, stop_signal=signal.SIGINT))
    with server.output_pipe as printed:
        assert printed.readline() == b"ready\n"
        server.close()
        assert printed.read() == b"in order\n"
    assert server.exit_code() == 0


def test_the_owners_sudden_death_ends_it_too(tmp_path: Path):
    owner = (
        "import os, sys, time; from pathlib import Path;"
        "from standalone.local.supervised_process import SupervisedProcess, Program;"
        f"server = SupervisedProcess(Program(arguments=[sys.executable, '-c', {PARENT!r}],"
        " environment=dict(os.environ), folder=Path('.')));"
        "print(server.output_pipe.readline().decode(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", owner],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        processes = named_in(process.stdout.readline())
        assert not have_ended(processes)
        process.kill()
        wait_until(lambda: have_ended(processes))
        assert have_ended(processes)
