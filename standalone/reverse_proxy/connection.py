"""A client's connection to the proxy; each of its requests gets a connection to the app server."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import h11

from .exchange import Exchange
from .http_stream import CHUNK_BYTES, ClientFailed, HttpStream, ServerFailed, StreamFailed
from .own_responses import own_response

if TYPE_CHECKING:
    from .server import ReverseProxy

_LOOPBACK = "127.0.0.1"


class ClientConnection:
    """A client's connection."""

    def __init__(
        self, proxy: ReverseProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._limits = proxy.limits
        self._stream = HttpStream(h11.SERVER, reader, writer, timeout_seconds=proxy.limits.client)
        self._is_head_request = False
        #: The time since which the headers of a request are awaited; None while one is answered.
        self.waiting_since: float | None = time.monotonic()

    def abort(self) -> None:
        """Close the connection at once, even during a response."""
        self.waiting_since = None
        self._stream.writer.transport.abort()

    async def close(self) -> None:
        """Close the connection when the client has received everything, or takes too long."""
        await self._stream.close(self._limits.client)

    async def serve(self) -> None:
        """Answer requests until the client closes the connection, or an error occurs."""
        try:
            while await self._serve_one():
                self._stream.http.start_next_cycle()
                self.waiting_since = time.monotonic()
            if self._stream.http.their_state is h11.SEND_BODY:  # the client still sends the body
                await self._stream.discard(self._limits.linger)
        except StreamFailed as error:
            await self._refuse(error.status)

    async def _serve_one(self) -> bool:
        """Answer a request; return whether another one may follow."""
        if not await self._stream.has_more(self._limits.idle):
            return False
        request = await self._receive_request()
        if request is None:
            return False
        self.waiting_since = None
        await self._forward(request)
        states = self._stream.http.states
        return all(state is h11.DONE for state in states.values())

    async def _receive_request(self) -> h11.Request | None:
        self._is_head_request = False
        with self._stream.read_timeout(self._limits.head):
            event = await self._stream.receive(seconds_per_read=self._limits.head)
        if isinstance(event, h11.Request):
            self._is_head_request = event.method == b"HEAD"
            if event.method == b"CONNECT":
                raise ClientFailed(405, "CONNECT")
            return event
        return None

    async def _forward(self, request: h11.Request) -> None:
        try:
            reader, writer = await asyncio.open_connection(
                _LOOPBACK, self._proxy.app_server_port, limit=CHUNK_BYTES
            )
        except OSError as error:
            raise ServerFailed(503, str(error)) from error
        server = HttpStream(h11.CLIENT, reader, writer, timeout_seconds=self._limits.server)
        try:
            proxy = self._proxy
            exchange = Exchange(
                request, self._stream, server, proxy.trusted, proxy.compressed_bodies
            )
            await exchange.run()
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            await server.close(self._limits.linger)

    async def _refuse(self, status: int) -> None:
        """Respond with an error; if a response has begun, cut it off instead."""
        http = self._stream.http
        if http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.abort()
            return
        with suppress(StreamFailed):
            for event in own_response(status):
                if not (self._is_head_request and isinstance(event, h11.Data)):
                    await self._stream.send(event)
            await self._stream.discard(self._limits.linger)
