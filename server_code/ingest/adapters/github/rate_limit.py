"""The one request that GitHub does not count."""

from __future__ import annotations

from .request import RATE_LIMIT, Request
from .tokens import TokenPool


def fetch_rate_limit(tokens: TokenPool) -> None:
    """Request the rate limit with the first credential that neither waits nor is rejected.

    Raises as ``GithubClient.get`` does.
    """
    for client in tokens.clients():
        if client.paused_until() is None and tokens.rejection_of(client.name) is None:
            with tokens.asking(client):
                client.get(Request.to(RATE_LIMIT))
            return
