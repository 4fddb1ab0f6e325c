"""The transports of the MCP server: stdin and stdout, or streamable HTTP, until a signal."""

from __future__ import annotations

import hmac
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from ingest.settings import Secret
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from ..http.server import Address, cannot_listen

#: How many seconds after a signal a client that keeps its connection open may end its request.
END_SECONDS = 5

_STDIN = 0
_READ_BYTES = 65_536

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def serve_stdio(server: MCPServer[Any], stop: threading.Event) -> None:
    """Serve one client on stdin and stdout until it closes them."""
    try:
        with _stdin_that_ends(stop):
            server.run("stdio")
    except Exception as error:
        if not _is_end_of_client(error):
            raise


@contextmanager
def _stdin_that_ends(stop: threading.Event) -> Iterator[None]:
    """Replace stdin by a pipe that ``stop`` ends, too: nothing else would end a read of stdin."""
    client = os.dup(_STDIN)
    received, to_stdin = socket.socketpair()
    os.dup2(received.fileno(), _STDIN)
    received.close()

    def copy() -> None:
        with suppress(OSError):
            while text := os.read(client, _READ_BYTES):
                to_stdin.sendall(text)
        _end(to_stdin)

    def end() -> None:
        stop.wait()
        _end(to_stdin)

    for each in (copy, end):
        threading.Thread(target=each, daemon=True).start()
    yield


def _end(to_stdin: socket.socket) -> None:
    with suppress(OSError):  # the other end is closed already
        to_stdin.shutdown(socket.SHUT_WR)


def _is_end_of_client(error: BaseException) -> bool:
    """Return whether an error, or each one in a group, comes from writing to a client that left."""
    errors = getattr(error, "exceptions", ())
    is_group_of_them = bool(errors) and all(_is_end_of_client(each) for each in errors)
    return is_group_of_them or isinstance(error, BrokenPipeError)


def serve_http(
    server: MCPServer[Any], token: Secret, address: Address, stop: threading.Event
) -> None:
    """Serve streamable HTTP at /mcp to clients that send the token, until a signal.

    Raises BadSettings if this machine cannot listen at the address.
    """
    # No check of Host: a proxy sends its own, and a page of another origin lacks the token.
    any_host = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(stateless_http=True, transport_security=any_host)
    config = uvicorn.Config(
        require_bearer(app, token), log_level="warning", timeout_graceful_shutdown=END_SECONDS
    )
    with _listen(address) as listener:
        _serve(uvicorn.Server(config), listener, stop)


def _serve(server: uvicorn.Server, listener: socket.socket, stop: threading.Event) -> None:
    """Serve in a thread, because in the main thread uvicorn would handle the signals itself."""
    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(server.run, sockets=[listener])
        served.add_done_callback(lambda _: stop.set())
        stop.wait()
        # A request that the shutdown cuts short is not an error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        # uvicorn's signal handler calls this, too. It also ends the event streams of clients.
        server.handle_exit(signal.SIGTERM, None)
        served.result()


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise cannot_listen(address, error) from error


def require_bearer(app: AsgiApp, token: Secret) -> AsgiApp:
    """Return an app that answers 401 to requests without the bearer token."""
    expected = token.reveal().encode()

    async def authorized(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers") or ()).get(b"authorization", b"")
        scheme, _, sent = given.partition(b" ")
        is_valid = scheme.lower() == b"bearer" and hmac.compare_digest(sent, expected)
        if scope["type"] != "http" or is_valid:
            await app(scope, receive, send)
            return
        headers = [(b"www-authenticate", b"Bearer"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"Send the token of MCP_TOKEN."})

    return authorized
