"""A tunnel for a WebSocket: it passes bytes on as they arrive, without time limits."""

from __future__ import annotations

import asyncio

from .http_stream import CHUNK_BYTES, HttpStream


async def tunnel(client: HttpStream, server: HttpStream) -> None:
    """Pass bytes in both directions until one end closes; both have agreed to switch protocols."""
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
