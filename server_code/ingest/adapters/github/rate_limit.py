"""The one request that GitHub does not count, which shows whether it answers."""

from __future__ import annotations

from .request import RATE_LIMIT, Request
from .tokens import TokenPool


def fetch_rate_limit(tokens: TokenPool) -> None:
    """Request the rate limit with the first credential that is neither paused nor rejected.

    Raises as ``GithubClient.get`` does.
    """
    for client in tokens.clients():
        if client.paused_until() is None and tokens.access.rejection_of(client.name) is None:
            with tokens.using(client):
                client.get(Request.to(RATE_LIMIT))
            return
