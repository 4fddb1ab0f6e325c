"""The command line: one group, and one file per command in ``commands``."""

from __future__ import annotations

import click

from .commands.collect import collect
from .commands.doctor import doctor
from .commands.redrive import redrive
from .commands.run import run
from .commands.sandbox import sandbox
from .commands.serve import serve
from .commands.setup import setup
from .commands.status import status
from .commands.uplink import uplink


class InGivenOrder(click.Group):
    """List commands in the order in which a person meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        del ctx
        return list(self.commands)


@click.group(
    cls=InGivenOrder,
    commands=[run, serve, uplink, setup, doctor, collect, status, redrive, sandbox],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="runstream", prog_name="runstream")
def cli() -> None:
    """Stream everything that happens in GitHub Actions onto SQS.

    Settings are environment variables; the README lists them all.
    """
