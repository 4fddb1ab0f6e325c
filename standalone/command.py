"""What all commands have in common: options, logging, and how they fail.

A command returns its exit code, or None for 0. 69 means that a later start may succeed, 75 that
items are left pending, 78 that a person must act first, 1 that something else went wrong, 2 that
the command line itself is wrong (click's), 130 that Ctrl-C ended it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import click

from .cpu_watchdog import stop_cpu_watchdog
from .environment import secret_values
from .failures import exit_code_for, sentence_for
from .logs import Mask, configure_logging, write_notice
from .output import flush_or_discard_output

logger = logging.getLogger(__name__)

INTERRUPTED = 130


class RunstreamCommand(click.Command):
    """A command that logs to stderr, and prints one sentence if it fails."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters, those that every command has, and --help."""
        *own, help_option = super().get_params(ctx)
        return [*own, *_common_options(), help_option]

    def invoke(self, ctx: click.Context) -> None:
        """Run the command and exit with its code."""
        debug = ctx.params.pop("debug")
        as_json = ctx.params.pop("log_format") == "json"
        level = ctx.params.pop("log_level") or ("info" if as_json else "warning")
        mask = Mask(secret_values(os.environ))
        configure_logging(as_json=as_json, level=level, mask=mask, with_traceback=debug)
        stop_cpu_watchdog()  # __main__ started it for the imports; ``stopping`` may start it again
        with _private_files():
            code = self._run(ctx, debug=debug)
        flush_or_discard_output()
        ctx.exit(code)

    def _run(self, ctx: click.Context, *, debug: bool) -> int:
        """Run the command and report its errors; return its exit code."""
        try:
            return super().invoke(ctx) or 0
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort):
            return INTERRUPTED
        except Exception as error:
            if debug:
                logger.exception("command failed")
            write_notice(sentence_for(error), level=logging.ERROR)
            return exit_code_for(error)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

#: Turns a function into a RunstreamCommand, as click's own decorator does into a Command.
command: Callable[..., Callable[[Callable[..., int | None]], RunstreamCommand]] = partial(
    click.command, cls=RunstreamCommand
)


def examples(*lines: str) -> str:
    """Return the epilog of a command's help, whose lines click does not rewrap."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def option(name: str, metavar: str, default: object, help: str, **more: Any) -> Decorator:  # noqa: A002, ANN401 - as click names and types them
    """Return an option with a default, which the help shows."""
    return click.option(
        name, metavar=metavar, default=default, show_default=True, help=help, **more
    )


#: The option of a command that serves on a port of its own.
host_option = option("--host", "ADDRESS", "127.0.0.1", "Address to listen on.")


@cache
def _common_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--log-format"],
            type=click.Choice(["text", "json"]),
            default="text",
            help="Format of the log on stderr.",
        ),
        click.Option(
            ["--log-level"],
            type=click.Choice(["debug", "info", "warning", "error"]),
            help="Lowest level that is logged.  [default: warning; info for json]",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            envvar="RUNSTREAM_DEBUG",
            help="Print the traceback of an error.",
        ),
    ]


@contextmanager
def _private_files() -> Iterator[None]:
    """Create files for this user only, in the block and in the processes that it starts."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
