"""What several credentials have left of the hour together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...ports import RateLimitStatus
from .client import GithubClient


def sum_rate_limits(clients: Sequence[GithubClient], *, now: datetime) -> RateLimitStatus:
    """Sum up the hour's REST limits of the clients; ``limit`` is None before the first answer."""
    limiters = [client.rate_limiter for client in clients]
    factors = [each.hour_interval_factor(now=now) for each in limiters]
    latest = [(each.core_limit, now + each.clock_offset) for each in limiters]
    limits = [limit for limit, _ in latest if limit is not None]
    if not limits:
        return RateLimitStatus()
    # A client whose hour is over by GitHub's clock has all of its requests again.
    current = [each for each, github_now in latest if each and each.reset_at > github_now] or limits
    return RateLimitStatus(
        limit=sum(limit.limit for limit in limits),
        remaining=sum(each.remaining if each in current else each.limit for each in limits),
        reset_at=min(limit.reset_at for limit in current),
        hour_interval_factor=max(factors),
    )
