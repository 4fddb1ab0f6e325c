"""Output to stdout and stderr. A closed pipe neither stops the work nor changes the exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click


def print_result(text: str) -> None:
    """Print a command's result to stdout; do nothing if the reader of stdout has gone."""
    with suppress(BrokenPipeError):
        click.echo(text)


def write_to_stderr(text: str) -> None:
    """Write to `sys.stderr`, which a live view replaces; do nothing if its reader has gone."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def flush_or_discard_output() -> None:
    """Flush output; discard what a closed pipe does not take, else Python would exit with 120."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, number)
            os.close(null)
