"""Processes that begin at once, and whether processes have ended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil


def have_ended(processes: Sequence[psutil.Process]) -> bool:
    """Return whether none of them runs; one that nobody has waited for does not."""
    return not any(_runs(each) for each in processes)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_at_once(commands: Sequence[Sequence[str]], *, search: Sequence[Path]) -> list[list[str]]:
    """Run programs that say `ready` and wait for a line; return the words each then printed."""
    started = [
        subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, search))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate()[0].split() for process in started]
    assert [process.returncode for process in started] == [0] * len(started)
    return printed


def run_program(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its exit code; return what it printed."""
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
