"""One request of a client, and the app server's response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import h11

from ..byte_cache import ByteCache
from .compression import compress, compressed_headers, is_compressible, is_shared
from .headers import names_websocket, request_headers, response_headers
from .http_stream import CHUNK_BYTES, HttpStream, ServerFailed
from .trusted_proxies import TrustedProxies

#: In effect no limit: the server's time begins only when the request's body has been sent.
_UPLOAD_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response, whose bodies are forwarded as they arrive."""

    request: h11.Request
    client: HttpStream
    server: HttpStream
    trusted: TrustedProxies
    compressed_bodies: ByteCache[bytes]

    async def run(self) -> None:
        """Forward the request and its response, or a WebSocket to its end. Raises StreamFailed."""
        headers = request_headers(self.request, self.client.peer, self.trusted)
        await self.server.send(
            h11.Request(method=self.request.method, target=self.request.target, headers=headers)
        )
        upload = asyncio.ensure_future(self._send_body())
        try:
            await self._respond(await self._await_head(upload))
        finally:
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)

    async def _send_body(self) -> None:
        """Forward the request's body. A server that has responded may stop reading the body."""
        if self.client.http.they_are_waiting_for_100_continue:
            await self.client.send(h11.InformationalResponse(status_code=100, headers=[]))
        while not isinstance(event := await self.client.receive(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                await self.server.send(h11.Data(data=event.data))
        await self.server.send(h11.EndOfMessage())

    async def _await_head(
        self, upload: asyncio.Future[None]
    ) -> h11.Response | h11.InformationalResponse:
        """Wait for the response's headers; their time limit begins when the request is sent."""
        head = asyncio.ensure_future(self._receive_head())
        try:
            await asyncio.wait((head, upload), return_when=asyncio.FIRST_COMPLETED)
            if not head.done():
                with suppress(ServerFailed):  # a response, if there is one, explains the error
                    upload.result()
            with self.server.read_timeout(self.server.timeout_seconds):
                return await head
        finally:
            head.cancel()
            await asyncio.gather(head, return_exceptions=True)

    async def _receive_head(self) -> h11.Response | h11.InformationalResponse:
        while True:
            event = await self.server.receive(seconds_per_read=_UPLOAD_SECONDS)
            if isinstance(event, h11.Response):
                return event
            if isinstance(event, h11.InformationalResponse):
                if event.status_code == 101 and names_websocket(event):
                    return event
            else:
                raise ServerFailed(502, "the response has no headers")

    async def _respond(self, response: h11.Response | h11.InformationalResponse) -> None:
        headers = response_headers(response, self.request)
        if isinstance(response, h11.InformationalResponse):
            await self.client.send(h11.InformationalResponse(status_code=101, headers=headers))
            await _tunnel(self.client, self.server)
            return
        compressed = None
        if is_compressible(self.request, response):
            compressed = await self._compress(response)
            headers = compressed_headers(headers, len(compressed))
        await self.client.send(h11.Response(status_code=response.status_code, headers=headers))
        if compressed is None:
            async for chunk in self._chunks():
                await self.client.send(h11.Data(data=chunk))
        elif compressed:
            await self.client.send(h11.Data(data=compressed))
        await self.client.send(h11.EndOfMessage())

    async def _compress(self, response: h11.Response) -> bytes:
        """Read the whole body and compress it in a thread, because that takes long."""
        body = b"".join([chunk async for chunk in self._chunks()])
        if not body:  # the response to HEAD
            return body
        cache = self.compressed_bodies if is_shared(response) else None
        return await asyncio.to_thread(compress, body, cache)

    async def _chunks(self) -> AsyncIterator[bytes]:
        """Yield the response's body as it arrives."""
        while isinstance(event := await self.server.receive(), h11.Data):
            yield bytes(event.data)


async def _tunnel(client: HttpStream, server: HttpStream) -> None:
    """Pass on a WebSocket's bytes as they arrive, without time limits, until one end closes."""
    pumps = [
        asyncio.ensure_future(_pump(source, target))
        for source, target in ((client, server), (server, client))
    ]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in pumps:
            each.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(source: HttpStream, target: HttpStream) -> None:
    """Copy until the end of the source, no faster than the target reads."""
    received: bytes = source.http.trailing_data[0]
    try:
        while True:
            if received:
                target.writer.write(received)
                await target.writer.drain()
            received = await source.reader.read(CHUNK_BYTES)
            if not received:
                return
    except OSError:
        return
