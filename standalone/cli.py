"""The command line: one group, and one file per command in ``commands``."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from importlib import import_module
from itertools import pairwise

import click
from ingest.errors import is_out_of_memory

from .command import INTERRUPTED
from .environment import secret_values
from .failures import UNAVAILABLE, sentence_for
from .logs import Mask, configure_logging, write_notice

GREETING = """\
Runstream collects GitHub Actions data and publishes it to a message queue.

  runstream run                 Try it: everything on this machine, with simulated runs.
  runstream doctor OWNER/REPO   Check your own GitHub token and queues.
  runstream collect OWNER/REPO  Collect a repository until you stop it.

runstream --help lists all commands."""


#: The commands in the order in which a new user needs them.
COMMANDS = (
    "run",
    "serve",
    "uplink",
    "setup",
    "github-app",
    "doctor",
    "collect",
    "sources",
    "status",
    "redrive",
    "replay",
    "mcp",
    "sandbox",
    "completion",
)


class CommandsByFile(click.Group):
    """A command group that imports the file of a command when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name; None if there is none."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f".commands.{name}", __package__)
        found: click.Command = getattr(module, name)
        return found

    def invoke(self, ctx: click.Context) -> None:
        """Run a command; Ctrl-C exits with 130 even while the command's file is imported.

        With ``--log-format json`` a usage error is written as a record of the log.
        """
        args = list(ctx.args)
        as_json = "--log-format=json" in args or ("--log-format", "json") in pairwise(args)
        try:
            super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except click.exceptions.Exit:
            raise
        except click.ClickException as error:
            if not as_json:
                raise
            _report(error.format_message(), secret_values(os.environ), as_json=True)
            ctx.exit(error.exit_code)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            # No mask: the sentence contains no secrets, and to find the secrets would take memory.
            _report(sentence_for(error), (), as_json=as_json)
            ctx.exit(UNAVAILABLE)


def _report(text: str, secrets: Iterable[str], *, as_json: bool) -> None:
    """Report an error that occurred before a command has configured the log."""
    configure_logging(as_json=as_json, level="error", mask=Mask(secrets), with_traceback=False)
    write_notice(text, level=logging.ERROR)


def _show_version(ctx: click.Context, _option: click.Parameter, is_given: bool) -> None:  # noqa: FBT001
    if is_given:
        from .version import full_version

        click.echo(f"runstream, version {full_version()}")
        ctx.exit()


@click.group(
    cls=CommandsByFile,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and the commit, and exit.",
)
@click.pass_context
def cli(context: click.Context) -> None:
    """Collect GitHub Actions data and publish it to a message queue.

    Settings are environment variables, which the documentation lists. `runstream doctor` checks
    them, `runstream run` needs none.
    """
    if context.invoked_subcommand is None:
        click.echo(GREETING)
