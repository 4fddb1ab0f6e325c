"""Clients of `runstream mcp`. The SDK is imported by what uses it: that takes a second."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp import Client


@contextlib.asynccontextmanager
async def over_stdio(environment: Mapping[str, str], folder: Path) -> AsyncIterator[Client]:
    """Start the server, and talk to it over its standard streams."""
    from mcp import Client, StdioServerParameters

    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "standalone", "mcp"],
        env=dict(environment),
        cwd=str(folder),
    )
    async with Client(server) as client:
        yield client


@contextlib.asynccontextmanager
async def over_http(url: str, headers: Mapping[str, str]) -> AsyncIterator[Client]:
    """Talk to a server that is up."""
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx2.AsyncClient(headers=dict(headers), timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client
