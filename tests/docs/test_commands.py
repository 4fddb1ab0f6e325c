"""The guides' commands, run as they stand on GitHub's and AWS's stand-ins of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from docs.pages import BLOCKS, GUIDES, ROOT, Block
from support.command_line import CommandLine, bare, cli, github, wait_until
from support.processes import run_program

from standalone.local.free_port import free_port

__all__ = ["bare", "cli", "github"]

_GUIDES = {page.path for page in GUIDES}
_IN_GUIDES = [block for block in BLOCKS if block.page in _GUIDES]

#: `make` installs and starts whole hosts; tests/standalone and the CI do that.
TO_RUN = [
    block
    for block in _IN_GUIDES
    if block.mark is None and not all(each.startswith("make ") for each in block.commands)
]
TO_STOP = [block for block in _IN_GUIDES if block.mark == "runs until stopped"]


@pytest.fixture
def checkout(cli: CommandLine) -> Path:
    """Return a checkout in which nobody has worked, with this Python as its .venv's."""
    folder = cli.folder / "checkout"
    folder.mkdir()
    for name in ("deploy", "docs", "examples", "server_code", "standalone"):
        (folder / name).symlink_to(ROOT / name)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, command in (("python", ""), ("runstream", " -m standalone")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}"{command} "$@"\n')
        program.chmod(0o755)
    return folder


@pytest.mark.parametrize("block", TO_RUN, ids=map(str, TO_RUN))
def test_a_block_of_commands_does_what_it_is_there_for(
    block: Block, cli: CommandLine, checkout: Path
) -> None:
    """Each command of it ends well, one after the other."""
    _prepare(block, cli, checkout)
    done = run_program(
        ["bash", "-eu", "-o", "pipefail", "-c", block.text],
        folder=checkout,
        environment=activated(cli, checkout),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def activated(cli: CommandLine, checkout: Path) -> dict[str, str]:
    """Return the variables of a shell in which the checkout's environment is active."""
    programs = checkout / ".venv" / "bin"
    return cli.whole_environment({"PATH": f"{programs}:{os.environ['PATH']}"})


def _prepare(block: Block, cli: CommandLine, checkout: Path) -> None:
    """Do what a reader has done before: `status` needs a state that is there."""
    if "runstream status" in block.text and "collect" not in block.text:
        done = subprocess.run(
            [sys.executable, "-m", "standalone", "collect", "--once", "octo/api"],
            cwd=checkout,
            env=cli.whole_environment(),
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", TO_STOP, ids=map(str, TO_STOP))
def test_what_runs_until_stopped_ends_well_when_it_is(
    block: Block, cli: CommandLine, checkout: Path
) -> None:
    """It collects meanwhile."""
    command = "exec " + " ".join(block.commands).replace(":8080", f":{free_port()}")
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=checkout,
        env=activated(cli, checkout),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            wait_until(lambda: cli.count_messages("LOGS_QUEUE") >= 3)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
