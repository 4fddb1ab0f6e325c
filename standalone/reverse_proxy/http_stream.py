"""One end of the proxy: HTTP on a TCP connection, with a time limit for every wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import h11

#: How much is read at once, and the size of its buffer at which a reader pauses the sender.
CHUNK_BYTES = 1 << 16

#: The most bytes of a request's headers; cookies make them long.
MAX_HEAD_BYTES = 1 << 16

#: Errors of a wait for the other end; since Python 3.11 the second is a subclass of the first.
_STREAM_ERRORS = (OSError, asyncio.TimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How many seconds each wait may take."""

    #: For the next request on a connection: longer than a proxy waits (Caddy: two minutes).
    idle: float = 150.0
    #: For a request's headers, from its first byte.
    head: float = 15.0
    #: For a client that sends or takes a body, from one chunk to the next.
    client: float = 30.0
    #: For the app server, which lets a call take a minute.
    server: float = 120.0
    #: For a client that still sends after the response: a reset could destroy the response.
    linger: float = 2.0


class StreamFailed(Exception):
    """The error that one end has closed, is too slow, or does not send HTTP."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ClientFailed(StreamFailed):
    """The error of the client's end."""


class ServerFailed(StreamFailed):
    """The error of the app server's end."""


class HttpStream:
    """An HTTP/1.1 connection on a TCP stream."""

    def __init__(
        self,
        role: type[h11.CLIENT | h11.SERVER],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        timeout_seconds: float,
    ) -> None:
        """Wait at most ``timeout_seconds`` for the other end, each time."""
        self.http = h11.Connection(role, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.reader = reader
        self.writer = writer
        self.timeout_seconds = timeout_seconds
        self._error: type[StreamFailed] = ClientFailed if role is h11.SERVER else ServerFailed

    @property
    def peer(self) -> str:
        """Return the address of the other end."""
        name = self.writer.get_extra_info("peername")
        return str(name[0]) if name else ""

    async def has_more(self, seconds: float) -> bool:
        """Return whether bytes of another message arrive in time."""
        if self.http.trailing_data[0]:
            return True
        try:
            with self.read_timeout(seconds):
                received = await self.reader.read(CHUNK_BYTES)
        except _STREAM_ERRORS:
            return False
        self.http.receive_data(received)
        return bool(received)

    async def receive(self, *, seconds_per_read: float | None = None) -> object:
        """Return the next event of h11. Raises StreamFailed."""
        try:
            while (event := self.http.next_event()) is h11.NEED_DATA:
                with self.read_timeout(seconds_per_read or self.timeout_seconds):
                    self.http.receive_data(await self.reader.read(CHUNK_BYTES))
        except h11.RemoteProtocolError as error:
            raise self._failed(error, error.error_status_hint) from error
        except _STREAM_ERRORS as error:
            raise self._failed(error, 408) from error
        return event

    async def send(self, event: h11.Event) -> None:
        """Send an event. Raises StreamFailed."""
        data = self.http.send(event)
        if data:
            self.writer.write(data)
            with self._timeout(self.timeout_seconds, self.writer.transport.abort):
                try:
                    await self.writer.drain()
                except _STREAM_ERRORS as error:
                    raise self._failed(error, 408) from error

    async def discard(self, seconds: float) -> None:
        """Send EOF, then discard what the other end still sends, for this long at most."""
        with suppress(*_STREAM_ERRORS), self.read_timeout(seconds):
            if self.writer.can_write_eof():
                self.writer.write_eof()
            while await self.reader.read(CHUNK_BYTES):
                pass

    async def close(self, seconds: float) -> None:
        """Close when everything that was written is sent, or after this many seconds."""
        self.writer.close()
        with suppress(*_STREAM_ERRORS), self._timeout(seconds, self.writer.transport.abort):
            await self.writer.wait_closed()

    @contextmanager
    def read_timeout(self, seconds: float) -> Iterator[None]:
        """Let the reads of the block fail after this many seconds.

        Not by ``asyncio.wait_for``: before Python 3.12 it loses a cancellation that arrives
        together with bytes.
        """
        with self._timeout(seconds, lambda: self.reader.set_exception(asyncio.TimeoutError())):
            yield

    @contextmanager
    def _timeout(self, seconds: float, expire: Callable[[], object]) -> Iterator[None]:
        timer = asyncio.get_running_loop().call_later(seconds, expire)
        try:
            yield
        finally:
            timer.cancel()

    def _failed(self, error: Exception, status: int) -> StreamFailed:
        if self._error is ServerFailed:
            status = 504 if isinstance(error, asyncio.TimeoutError) else 502
        return self._error(status, str(error))
