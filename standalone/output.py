"""The ends of stdout and stderr: a reader that has gone ends no work, and changes no exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click


def print_result(text: str) -> None:
    """Print what a command reports at its end, or while it works, to stdout if it is still read."""
    with suppress(BrokenPipeError):
        click.echo(text)


def write_to_stderr(text: str) -> None:
    """Write to the current stderr, which a live view replaces, if it is still read."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def discard_unread() -> None:
    """Discard what nobody reads any more, or Python would exit with 120 for it."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
