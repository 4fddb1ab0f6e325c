"""The start of the app server, repeated if another program takes its port meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from ..local.free_port import free_port, is_free
from .errors import ServerEnded
from .running import AppServer

if TYPE_CHECKING:
    from ..reverse_proxy.server import ReverseProxy

#: How many ports are tried in all.
PORTS_TRIED = 3


def start_app_server(
    start: Callable[[int], AppServer],
    proxy: ReverseProxy,
    *,
    echo: Callable[[str], None],
    stop: Event,
) -> AppServer:
    """Start the server behind a proxy, and wait until it answers, or ``stop`` is set.

    If another program takes the port before the server listens there, the server ends and is
    started on another port. Raises what ``AppServer.await_answer`` raises.
    """
    tries_left = PORTS_TRIED
    while True:
        server = start(proxy.server_port)
        try:
            server.await_answer(echo, stop)
        except BaseException as error:
            server.close()
            tries_left -= 1
            is_taken = isinstance(error, ServerEnded) and not is_free(proxy.server_port)
            if not is_taken or tries_left == 0:
                raise
            echo(f"Another program has taken port {proxy.server_port}: starting on another one.")
            proxy.server_port = free_port()
        else:
            return server
