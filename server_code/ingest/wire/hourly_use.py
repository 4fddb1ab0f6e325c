"""Whether the requests of a credential's hour are used up too fast."""

from __future__ import annotations

from datetime import datetime

from .rate_limits import RateLimit

#: How long an hour must have run before its use is judged, and how far polls may be stretched.
WARM_UP_SECONDS = 300
MAX_STRETCH = 20.0


class HourlyUse:
    """How a credential's hour is used; its owner keeps threads apart."""

    def interval_factor(self, limit: RateLimit, *, reserve: int, github_now: datetime) -> float:
        """Return how many times too fast the hour's requests are used up; 1 where they last.

        It counts what is used, whoever used it, after the hour's first five minutes.
        """
        left_seconds = (limit.reset_at - github_now).total_seconds()
        past_seconds = 3600 - left_seconds
        if left_seconds <= 0 or past_seconds < WARM_UP_SECONDS:
            return 1.0
        used_per_second = (limit.limit - limit.remaining) / past_seconds
        allowed_per_second = max(limit.remaining - reserve, 1) / left_seconds
        return min(max(used_per_second / allowed_per_second, 1.0), MAX_STRETCH)
