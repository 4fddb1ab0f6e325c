"""Commands in processes that are forked from one that has imported all they need.

Two thirds of what a short command takes are its imports. A forked process is one of its own, with
an environment, a folder and an exit code; only what Python does at its start is left out.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

#: Variables that Python and the C library read when a process starts.
_READ_AT_START = ("LANG", "LC_", "MALLOC", "PYTHON", "TZ")


def can_be_forked(environment: Mapping[str, str]) -> bool:
    """Return whether these variables have their effect in a process that is forked."""
    return not any(name.startswith(_READ_AT_START) for name in environment)


def run_forked(
    arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` to its end: `-m standalone`, `-c` or a file."""
    with tempfile.TemporaryDirectory() as name:
        streams = [Path(name, "stdout"), Path(name, "stderr")]
        for path in streams:
            path.touch()
        process = _server().Process(target=_run, args=(arguments, folder, environment, streams))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, seconds, *map(Path.read_bytes, streams))
        printed = [path.read_text("utf-8") for path in streams]
    return subprocess.CompletedProcess(arguments, process.exitcode, *printed)


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.imported_commands"])
    # Python 3.11 imports without the path of the process that asks for it.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        forkserver.ensure_running()
    return context


def _run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Sequence[Path]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, path in enumerate(streams, start=1):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    if arguments[:2] == ("-m", "standalone"):
        program = sys.modules["__main__"] = import_module("standalone.__main__")
        sys.argv = [str(program.__file__), *arguments[2:]]
        program.main()
    elif arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(arguments[1], {"__name__": "__main__"})  # noqa: S102 - the source is a test's
    else:
        sys.argv = list(arguments)
        sys.path.insert(0, str(Path(arguments[0]).parent))
        runpy.run_path(arguments[0], run_name="__main__")
