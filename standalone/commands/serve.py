"""``serve``: the Anvil app, on an app server on this machine."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from ..command import command, examples, host_option, option
from ..environment import read_environment
from ..logs import write_notice
from ..output import print_result
from ..stopping import shutdown_deadline, stopped_by_signals

if TYPE_CHECKING:
    from ..reverse_proxy.trusted_proxies import IPNetwork


class _Network(click.ParamType["IPNetwork"]):
    """The type of an address or a network."""

    name = "network"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> IPNetwork:
        """Read ``10.0.0.5`` or ``10.0.0.0/8``."""
        try:
            return ipaddress.ip_network(str(value))
        except ValueError as error:
            self.fail(f"{error}: expected 10.0.0.5 or 10.0.0.0/8.", param, ctx)


_FOLDER = click.Path(file_okay=False, path_type=Path)


@command(
    epilog=examples(
        "runstream serve",
        "runstream serve --host 0.0.0.0 --origin https://ci.example.com",
        "runstream serve --reset-password admin@localhost",
    )
)
@host_option
@option("--port", "PORT", 3030, "Port to listen on.", type=click.IntRange(1, 65535))
@click.option(
    "--trusted-proxy",
    "trusted",
    type=_Network(),
    multiple=True,
    metavar="NETWORK",
    help="Proxy on another machine that names its clients in X-Forwarded-For. Repeatable.",
)
@click.option("--origin", metavar="URL", help="Address that browsers use, if a proxy is in front.")
@click.option(
    "--data-dir",
    "folder",
    type=_FOLDER,
    default=".runstream",
    show_default=True,
    help="Folder of the database, keys, configuration and log.",
)
@click.option(
    "--database",
    metavar="URL",
    help="PostgreSQL URL. DATABASE_URL sets it without showing it in the process list.",
)
@option("--email", "EMAIL", "admin@localhost", "Account of the first login.")
@click.option(
    "--reset-password",
    metavar="EMAIL",
    help="Replace the password of this account, enable it, and print the new password once.",
)
def serve(**options: Any) -> int:  # noqa: ANN401 - click names and types them, above
    """Collect, and serve the dashboard on this machine.

    Starts Anvil's app server, which needs Java and the extra `server`. The first start prints a
    login. Settings go to the app as App Secrets. The state is in Data Tables, in the PostgreSQL of
    --database or DATABASE_URL, or otherwise in one that Runstream starts.
    """
    _require_origin(options["origin"])
    read_environment()  # an error should be reported before anything starts
    from ..app_server.messages import describe_served_app, masked_echo
    from ..app_server.served_app import ServeOptions, open_app_server

    echo = masked_echo(os.environ, options["database"])
    with (
        stopped_by_signals() as stop,
        shutdown_deadline(stop, exit_code=0),
        open_app_server(ServeOptions(**options), os.environ, echo=echo, stop=stop.event) as served,
    ):
        if served is not None:  # else it was stopped before the app answered
            for line in describe_served_app(served):
                print_result(line)
            served.wait(stop.event)
        write_notice("Stopping the app server.")
    return 0  # being stopped is not a failure


def _require_origin(origin: str | None) -> None:
    """Reject an origin that is not a URL, because the app would send every browser there."""
    from ingest.domain.repositories import redacted

    if origin is None:
        return
    try:
        parts = urlsplit(origin)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        others = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    except ValueError:
        is_address, others = False, ""
    if not is_address or others:
        raise click.UsageError(
            f"--origin {redacted(origin)} is not an address like https://ci.example.com"
        )
