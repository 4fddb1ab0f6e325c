"""The server of the proxy: its listening socket, its thread and its connections."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress

from ..byte_cache import ByteCache
from ..connection_limit import cap_by_open_files
from .compression import CACHE_BYTES
from .connection import ClientConnection
from .http_stream import CHUNK_BYTES, TimeLimits
from .trusted_proxies import TrustedProxies

logger = logging.getLogger(__name__)

#: The most connections of clients; each needs a second one to the app server.
MAX_CONNECTIONS = 1000


class ReverseProxy:
    """A server that answers from construction until ``close``, in a thread of its own."""

    def __init__(
        self,
        listener: socket.socket,
        app_server_port: int,
        *,
        trusted: TrustedProxies | None = None,
        limits: TimeLimits | None = None,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        """Take over ``listener``; ``app_server_port`` is the app server's, on this machine.

        Raises OSError if the machine refuses what the server needs.
        """
        self.app_server_port = app_server_port
        self.trusted = trusted or TrustedProxies()
        self.limits = limits or TimeLimits()
        self.compressed_bodies = ByteCache[bytes](CACHE_BYTES, len)
        self._listener = listener
        self._max_connections = cap_by_open_files(max_connections)
        self._open: dict[ClientConnection, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run_loop, name="reverse proxy")
        self._thread.start()
        self._started.result()

    @property
    def is_alive(self) -> bool:
        """Return whether its thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stop listening and close every connection; calling again does nothing."""
        if self._loop is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run_loop(self) -> None:
        """Run the server; an error before it listens is the constructor's."""
        try:
            asyncio.run(self._run())
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, sock=self._listener, limit=CHUNK_BYTES)
        self._started.set_result(None)
        await self._stop.wait()
        server.close()
        open_tasks = list(self._open.values())
        for connection in list(self._open):
            connection.abort()
        for task in open_tasks:
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection; at the limit it replaces the one that has waited longest."""
        connection = ClientConnection(self, reader, writer)
        if len(self._open) >= self._max_connections and not self._make_room():
            connection.abort()
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as a task
        self._open[connection] = task
        try:
            await _serve(connection)
        except asyncio.CancelledError:
            # The proxy closes, perhaps while this connection does. Before Python 3.12 asyncio logs
            # a handler that ends as cancelled as an error.
            connection.abort()
        finally:
            del self._open[connection]

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for a request; False if none waits."""
        waiting = [each for each in self._open if each.waiting_since is not None]
        if not waiting:
            return False
        min(waiting, key=lambda each: each.waiting_since or 0.0).abort()
        return True


async def _serve(connection: ClientConnection) -> None:
    try:
        await connection.serve()
    except Exception:
        logger.exception("a request of the dashboard failed")
        connection.abort()
    finally:
        await connection.close()
