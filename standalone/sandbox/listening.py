"""One HTTP server on one port, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask


class _Task(WSGITask):
    """A response that keeps the connection open if it has no body, as GitHub's 304 does."""

    def set_close_on_finish(self) -> None:
        """Close the connection after this response, unless the response has no body.

        waitress closes it after a response that has no Content-Length, and a 304 has none.
        """
        if self.has_body:
            super().set_close_on_finish()


class _Channel(HTTPChannel):
    """A connection whose responses are of the class `_Task`."""

    task_class = _Task


class Listener:
    """A server that runs a WSGI application until `close`; with port 0, it takes a free port."""

    def __init__(self, application: Callable[..., Any], host: str, port: int, threads: int) -> None:
        # waitress warns of a body that is too short, which the fault `cut` sends on purpose
        logging.getLogger("waitress").setLevel(logging.ERROR)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        with ExitStack() as opened:
            opened.callback(wasyncore.close_all, self._sockets, ignore_all=True)
            self._server = _server(application, self._sockets, host, port, threads)
            opened.callback(self._server.task_dispatcher.shutdown)
            if not hasattr(self._server, "effective_port"):
                raise ValueError(f"{host} has several addresses; name one of them.")
            self.port = int(self._server.effective_port)
            self.url = (
                f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
            )
            self._thread = threading.Thread(
                target=self._serve, name=f"sandbox {self.port}", daemon=True
            )
            self._thread.start()
            opened.pop_all()

    def close(self) -> None:
        """Close every connection and wait until every thread has ended."""
        if self._stopped.is_set():
            return
        # stop the workers first: when a request ends, they wake the loop, which must still run
        self._server.task_dispatcher.shutdown(timeout=1)
        with self._lock:
            self._stopped.set()
            self._server.pull_trigger()
        self._thread.join(timeout=10)
        self._server.task_dispatcher.shutdown(timeout=10)

    def _serve(self) -> None:
        while not self._stopped.is_set():
            wasyncore.loop(timeout=1, map=self._sockets, use_poll=True, count=1)
        # under the lock, because `close` wakes the loop through one of these sockets
        with self._lock:
            wasyncore.close_all(self._sockets, ignore_all=True)


def _server(
    application: Callable[..., Any], sockets: dict[int, Any], host: str, port: int, threads: int
) -> Any:  # noqa: ANN401 - waitress' types know neither its port nor its trigger
    server: Any = create_server(
        application,
        map=sockets,
        host=host,
        port=port,
        threads=threads,
        ident="GitHub.com",
        backlog=1024,
        connection_limit=2000,
        outbuf_overflow=16 * 2**20,
        log_socket_errors=False,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = _Channel
    return server
