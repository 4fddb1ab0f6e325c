"""Whether the requests of a credential's hour are used up too fast."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from .rate_limits import RateLimit

#: How long an hour must have run before its use is judged, and how far polls may be stretched.
WARM_UP_SECONDS = 300
MAX_STRETCH = 20.0


class Purpose(Enum):
    """What a request is sent for.

    A backfill ends, and watching goes on. A log is of either; nothing in its request says of which.
    """

    WATCHING = "watching"
    BACKFILL = "backfill"
    LOG = "log"


class HourlyUse:
    """How a credential's hour is used; its owner keeps threads apart."""

    def __init__(self) -> None:
        self._reset_at: datetime | None = None
        self._charged = dict.fromkeys(Purpose, 0)

    def record(self, limit: RateLimit, purpose: Purpose) -> None:
        """Count a charged request; ``limit`` is that of its answer."""
        if self._reset_at is None or limit.reset_at > self._reset_at:
            self._reset_at = limit.reset_at
            self._charged = dict.fromkeys(Purpose, 0)
        if limit.reset_at == self._reset_at:
            self._charged[purpose] += 1

    def interval_factor(self, limit: RateLimit, github_now: datetime, *, reserve: int) -> float:
        """Return how many times too fast the hour's requests are used up; 1 where they last.

        It counts what is used, whoever used it, after the hour's first five minutes, but not what
        a backfill used: that does not go on with every poll.
        """
        left_seconds = (limit.reset_at - github_now).total_seconds()
        past_seconds = 3600 - left_seconds
        if left_seconds <= 0 or past_seconds < WARM_UP_SECONDS:
            return 1.0
        used = max(limit.limit - limit.remaining - self._used_by_backfill(limit), 0.0)
        used_per_second = used / past_seconds
        allowed_per_second = max(limit.remaining - reserve, 1) / left_seconds
        return min(max(used_per_second / allowed_per_second, 1.0), MAX_STRETCH)

    def _used_by_backfill(self, limit: RateLimit) -> float:
        """Return what backfills used: of the logs, as large a part as of the other requests."""
        if limit.reset_at != self._reset_at:
            return 0.0
        backfill, logs = self._charged[Purpose.BACKFILL], self._charged[Purpose.LOG]
        others = backfill + self._charged[Purpose.WATCHING]
        return backfill + logs * backfill / others if others else 0.0
