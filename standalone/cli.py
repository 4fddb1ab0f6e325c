"""The command line: one group, and one file per command in ``commands``."""

from __future__ import annotations

import click

from .commands.collect import collect
from .commands.completion import completion
from .commands.doctor import doctor
from .commands.github_app import github_app
from .commands.mcp import mcp
from .commands.redrive import redrive
from .commands.replay import replay
from .commands.run import run
from .commands.sandbox import sandbox
from .commands.serve import serve
from .commands.setup import setup
from .commands.sources import sources
from .commands.status import status
from .commands.uplink import uplink
from .version import full_version

GREETING = """\
Runstream collects GitHub Actions data and publishes it to a message queue.

  runstream run                 Try it: everything on this machine, with simulated runs.
  runstream doctor OWNER/REPO   Check your own GitHub token and queues.
  runstream collect OWNER/REPO  Collect a repository until you stop it.

runstream --help lists all commands."""


class InGivenOrder(click.Group):
    """A command group that lists commands in the order in which a new user needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        del ctx
        return list(self.commands)


def _show_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        click.echo(f"runstream, version {full_version()}")
        ctx.exit()


@click.group(
    cls=InGivenOrder,
    commands=[
        run,
        serve,
        uplink,
        setup,
        github_app,
        doctor,
        collect,
        sources,
        status,
        redrive,
        replay,
        mcp,
        sandbox,
        completion,
    ],
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
