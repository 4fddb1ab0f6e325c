"""``uplink``: both agents on this machine, as an Uplink server of an Anvil app."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click
from ingest.errors import BadSettings

from ..command import command, examples
from ..environment import read_environment
from ..failures import UNAVAILABLE
from ..http.server import Address, http_option, is_http_typed
from ..logs import write_notice
from ..output import print_result
from ..stopping import shutdown_deadline, stopped_by_signals

if TYPE_CHECKING:
    from ingest.settings import Settings

    from ..uplink.link import AppAddress


@command(
    epilog=examples(
        "ANVIL_UPLINK_KEY=... GITHUB_TOKEN=... runstream uplink",
        "runstream uplink --http 8080",
    )
)
@click.option(
    "--with-schedule",
    is_flag=True,
    help="Also take over the app's scheduled tasks while connected.",
)
@click.option(
    "--reset-password",
    metavar="EMAIL",
    help="Replace the password of this account of the app, print the new one, and exit.",
)
@http_option
def uplink(
    *, with_schedule: bool, reset_password: str | None, health_and_metrics: Address | None
) -> int:
    """Collect on this machine for an Anvil app.

    Runs both agents here, stores their state in the app's Data Tables, and answers its pages.
    Requires ANVIL_UPLINK_KEY, and for your own app server ANVIL_UPLINK_URL, such as
    ws://localhost:3030/_/uplink. Tokens and AWS keys come from this machine's environment and never
    leave it. Exits with 78 if a person must act, with 69 if a later start may succeed.
    """
    from ..uplink.link import AppUnreachable

    if reset_password is not None and (with_schedule or is_http_typed()):
        raise click.UsageError("--reset-password collects nothing: give it alone.")
    try:
        if reset_password is not None:
            from ..app_server import accounts

            with accounts.connected(_app_address(read_environment())):
                account = accounts.reset_password(reset_password)
            print_result(f"New password of {account.email}: {account.password}")
            return 0
        _serve(with_schedule=with_schedule, health_and_metrics=health_and_metrics)
    except AppUnreachable as error:
        write_notice(str(error), level=logging.ERROR)
        return UNAVAILABLE
    return 0


def _app_address(settings: Settings) -> AppAddress:
    """Return the app's Uplink address. Raises BadSettings."""
    from ..uplink.link import HOSTED_URL, AppAddress

    if settings.uplink_key is None:
        raise BadSettings(
            ["ANVIL_UPLINK_KEY is missing: it is the Server Uplink key of the Anvil app"]
        )
    return AppAddress(settings.uplink_url or HOSTED_URL, settings.uplink_key)


def _serve(*, with_schedule: bool, health_and_metrics: Address | None) -> None:
    from ..uplink.daemon import register, run_daemon

    settings = read_environment()
    app = _app_address(settings)
    with stopped_by_signals() as stop, shutdown_deadline(stop, exit_code=0):
        register(with_schedule=with_schedule)
        run_daemon(settings, app=app, health_and_metrics=health_and_metrics, stop=stop.event)
