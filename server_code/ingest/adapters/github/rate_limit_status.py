"""What is left of the hour's requests over several credentials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...ports import RateLimitStatus
from .client import GithubClient


def sum_rate_limits(clients: Sequence[GithubClient], *, now: datetime) -> RateLimitStatus:
    """Sum up what is left of the hour's REST requests; None before the first answer."""
    factors = [client.rate_limiter.hour_interval_factor(now=now) for client in clients]
    limits = [limit for client in clients if (limit := client.core_limit()) is not None]
    if not limits:
        return RateLimitStatus(limit=None, remaining=None, reset_at=None)
    return RateLimitStatus(
        limit=sum(limit.limit for limit in limits),
        remaining=sum(limit.remaining for limit in limits),
        reset_at=min(limit.reset_at for limit in limits),
        hour_interval_factor=max(factors),
    )
