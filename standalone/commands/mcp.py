"""``mcp``: what was collected, for AI agents."""

from __future__ import annotations

import threading
from contextlib import closing

import click
from ingest.bootstrap.github import open_log_reader
from ingest.bootstrap.state_stores import open_state
from ingest.errors import BadSettings, Fatal

from ..command import command, examples
from ..environment import read_environment
from ..http.server import Address, AddressType
from ..state_file import require_state
from ..stopping import shutdown_deadline, stopped_by_signals


@command(
    epilog=examples(
        "runstream mcp",
        "MCP_TOKEN=... runstream mcp --http 127.0.0.1:8000",
    )
)
@click.option(
    "--http",
    "address",
    type=AddressType(),
    metavar="[HOST:]PORT",
    help="Serve HTTP at /mcp instead of stdio. Clients send MCP_TOKEN as bearer token.",
)
def mcp(*, address: Address | None) -> None:
    """Serve runs, jobs and logs to AI agents (MCP), read-only.

    Speaks the Model Context Protocol on stdin and stdout, for a client that starts this command,
    or over HTTP. It reads the state of DATABASE_URL, by default runstream.db in this folder.
    """
    try:
        from ..mcp.server import build_mcp_server
        from ..mcp.transports import serve_http, serve_stdio
    except ImportError as error:
        raise Fatal(
            "`mcp` needs packages that are missing: pip install 'runstream[mcp]'"
        ) from error
    from ingest.adapters.system_clock import SystemClock

    from ..mcp.tools import McpTools

    settings = read_environment()
    require_state(settings.database_url)
    with (
        stopped_by_signals() as stop,
        shutdown_deadline(stop, exit_code=0),
        closing(open_state(settings)) as state,
    ):
        clock = SystemClock(threading.Event())
        tools = McpTools(
            state=state,
            settings=settings,
            clock=clock,
            open_log_reader=lambda: open_log_reader(settings, state=state, clock=clock),
        )
        server = build_mcp_server(tools)
        if address is None:
            serve_stdio(server, stop.event)
            return
        if settings.mcp_token is None:
            raise BadSettings(["MCP_TOKEN is not set: set it to a secret that clients send"])
        serve_http(server, settings.mcp_token, address, stop.event)
