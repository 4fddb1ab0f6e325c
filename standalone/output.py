"""Output to stdout and stderr: a closed pipe stops no work, and changes no exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click


def print_result(text: str) -> None:
    """Print what a command reports to stdout, unless its reader has gone."""
    with suppress(BrokenPipeError):
        click.echo(text)


def write_to_stderr(text: str) -> None:
    """Write to the current stderr, which a live view replaces, unless its reader has gone."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def discard_unread_output() -> None:
    """Discard output to a closed pipe, or Python would exit with 120 because of it."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except (OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, number)
            os.close(null)
