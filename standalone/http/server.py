"""A small HTTP server on threads of this process, and the routes to its applications."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from ingest.errors import BadSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WsgiApp = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]

#: How many seconds `close` waits for the answers in progress.
SECONDS_TO_CLOSE = 15
MANY_CONNECTIONS = 1 << 16
LOCALHOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """The address where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def cannot_listen(address: Address, error: OSError) -> BadSettings:
    """Return the error of an address at which this machine cannot listen."""
    reason = error.strerror or str(error)
    return BadSettings([f"nothing can be served at {address} ({reason}): choose another address"])


class AddressType(click.ParamType["Address"]):
    """The type of ``HOST:PORT`` options; without a host, only this machine may connect."""

    name = "address"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """Return the address that a person has typed."""
        if isinstance(value, Address):
            return value
        host, _, port = str(value).strip().rpartition(":")
        if not (port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
            wanted = "expected HOST:PORT, such as 0.0.0.0:9464"
            self.fail(f"{value!r} is not an address: {wanted}.", param, ctx)
        return Address(host.removeprefix("[").removesuffix("]") or LOCALHOST, int(port))


#: The option of commands that also serve their health and metrics.
http_option = click.option(
    "--http",
    "health_and_metrics",
    type=AddressType(),
    envvar="RUNSTREAM_HTTP",
    metavar="[HOST:]PORT",
    help="Also serve /healthz and /metrics here.",
)


def is_http_typed() -> bool:
    """Return whether --http is on the command line: RUNSTREAM_HTTP is set in the image."""
    source = click.get_current_context().get_parameter_source("health_and_metrics")
    return source is click.core.ParameterSource.COMMANDLINE


class HttpServer:
    """An HTTP server that runs from construction until ``close``."""

    def __init__(
        self,
        app: WsgiApp,
        address: Address,
        *,
        max_signed_body_bytes: int = 1 << 16,
        paths_with_own_threads: Collection[str] = (),
    ) -> None:
        from .limits import Dispatcher, LimitedServer, Limits

        try:
            limits = Limits(
                host=address.host,
                port=address.port,
                ident="runstream",
                clear_untrusted_proxy_headers=True,
                # Waitress's own limit is never reached: LimitedServer closes the oldest one before.
                connection_limit=MANY_CONNECTIONS,
                asyncore_use_poll=True,
            )
        except ValueError as error:
            raise BadSettings([f"{address.host} is not the name of a host"]) from error
        limits.max_signed_body_size = max_signed_body_bytes
        if len(limits.listen) > 1:
            raise BadSettings([f"{address.host} has several addresses: name one of them"])
        dispatcher = Dispatcher(paths_with_own_threads)
        self._connections: dict[int, Any] = {}
        try:
            self._server = LimitedServer(
                app, map=self._connections, dispatcher=dispatcher, adj=limits
            )
        except BaseException:
            dispatcher.shutdown(timeout=0)
            self._close_connections()
            raise
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="http")
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and wait for the answers in progress."""
        self._server.task_dispatcher.shutdown(timeout=SECONDS_TO_CLOSE)
        woken = threading.Event()

        def close_connections() -> None:
            # The loop may call this while `pull_trigger` has yet to write to the descriptor that is
            # closed here: the write would reach any file that gets the same number meanwhile.
            woken.wait()
            self._close_connections()

        # Only the thread of the loop may close connections; the loop ends when none is left.
        self._server.trigger.pull_trigger(close_connections)
        woken.set()
        self._thread.join()

    def _close_connections(self) -> None:
        from waitress import wasyncore

        wasyncore.close_all(self._connections, ignore_all=True)


@dataclass(frozen=True, slots=True)
class Routes:
    """A WSGI application that routes each request to the application of its path."""

    apps: Mapping[str, WsgiApp]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        app = self.apps.get(environ["PATH_INFO"])
        if app is None:
            paths = ", ".join(self.apps)
            return respond(start_response, "404 Not Found", f"Nothing is here, only at {paths}.\n")
        return app(environ, start_response)


def respond(
    start_response: StartResponse, status: str, text: str, *, content_type: str = "text/plain"
) -> list[bytes]:
    """Start a response with a text, and return its body."""
    body = text.encode()
    headers = [
        ("Content-Type", f"{content_type}; charset=utf-8"),
        ("Content-Length", str(len(body))),
    ]
    start_response(status, headers)
    return [body]
