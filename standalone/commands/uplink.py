"""``uplink``: both agents on this machine, as an Uplink server of an Anvil app."""

from __future__ import annotations

import click
from ingest.errors import BadSettings

from ..command import command
from ..environment import read_environment
from ..failures import UNAVAILABLE
from ..http_server import Address, operations_option
from ..stopping import stopped_by_signals


@command()
@click.option(
    "--with-schedule",
    is_flag=True,
    help="Also take over the app's scheduled tasks while connected.",
)
@operations_option
def uplink(*, with_schedule: bool, operations: Address | None) -> int:
    """Run both agents here, with their state in an Anvil app, and answer the app's pages.

    Needs ANVIL_UPLINK_KEY, and ANVIL_UPLINK_URL for an app server of your own, such as
    ws://localhost:3030/_/uplink. Tokens and AWS keys come from this machine's environment and
    never leave it. Exits with 78 where a person must act, with 69 where a later start may succeed.
    """
    from ..uplink.link import AppUnreachable

    try:
        _serve(with_schedule=with_schedule, operations=operations)
    except AppUnreachable as error:
        click.echo(str(error), err=True)
        return UNAVAILABLE
    return 0


def _serve(*, with_schedule: bool, operations: Address | None) -> None:
    from ..uplink.daemon import register, serve_app
    from ..uplink.link import HOSTED_URL, AppAddress

    settings = read_environment()
    if settings.uplink_key is None:
        raise BadSettings(
            ["ANVIL_UPLINK_KEY is missing: it is the Server Uplink key of the Anvil app"]
        )
    with stopped_by_signals() as stop:
        register(with_schedule=with_schedule)
        serve_app(
            settings,
            app=AppAddress(settings.uplink_url or HOSTED_URL, settings.uplink_key),
            operations=operations,
            stop=stop.event,
            tell=lambda line: click.echo(line, err=True),
        )
