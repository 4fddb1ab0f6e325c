"""Whether the requests of a credential's hour are used up too fast."""

from __future__ import annotations

from datetime import datetime, timedelta

from .purposes import RESERVE_SHARES, Purpose
from .rate_limits import RateLimit, is_later_hour, is_same_hour

#: How long an hour must have run before its use is judged, and the largest factor for intervals.
WARM_UP_SECONDS = 300
MAX_INTERVAL_FACTOR = 20.0

#: The shortest time over which the pace of polls is computed.
PACE_SECONDS = 900

#: The largest share of the hour that polls and live logs are expected to need, and the shortest
#: time for which less urgent requests wait for them.
MAX_LIVE_SHARE = 0.75
MIN_WAIT = timedelta(minutes=3)


class HourlyUse:
    """How the requests of a credential's hour are used.

    Not safe for threads: the rate limiter holds its lock.
    """

    def __init__(self) -> None:
        self._reset_at: datetime | None = None
        self._began_at: datetime | None = None
        self._per_second_before = dict.fromkeys(Purpose, 0.0)
        self._charged = dict.fromkeys(Purpose, 0)

    def record(self, limit: RateLimit, purpose: Purpose, *, github_now: datetime) -> None:
        """Count a request that GitHub charged; ``limit`` is from its answer."""
        if self._reset_at is None or is_later_hour(limit.reset_at, self._reset_at):
            until = self._reset_at or github_now
            self._per_second_before = {each: self._per_second(each, until) for each in Purpose}
            self._reset_at, self._began_at = limit.reset_at, github_now
            self._charged = dict.fromkeys(Purpose, 0)
        if is_same_hour(limit.reset_at, self._reset_at):
            self._charged[purpose] += 1

    def wait_for_more_urgent(
        self, limit: RateLimit, purpose: Purpose, github_now: datetime, left: float
    ) -> timedelta:
        """Return how long to wait until more urgent requests will need fewer than ``left`` ones.

        Polls come first, then live logs, then bulk requests. But if a backfill has used more than
        polls, live logs need not wait until they have used as much as polls.
        """
        charged = self._charged
        per_second = self._pace(Purpose.POLLING, github_now)
        if purpose.is_bulk:
            per_second += self._pace(Purpose.LIVE_LOG, github_now)
        elif charged[Purpose.LIVE_LOG] < charged[Purpose.POLLING] < charged[Purpose.BACKFILL]:
            return timedelta(0)
        per_second = min(per_second, MAX_LIVE_SHARE * limit.limit / 3600)
        left_seconds = max((limit.reset_at - github_now).total_seconds(), 0.0)
        if per_second * left_seconds < max(left, 1):
            return timedelta(0)
        return max(timedelta(seconds=left_seconds - left / per_second), MIN_WAIT)

    def hour_interval_factor(self, limit: RateLimit, github_now: datetime) -> float:
        """Return how many times too fast the hour's requests are used; 1 if they last.

        After the first five minutes of the hour, all used requests count, even those of other
        programs. Requests of a backfill do not count, because not every poll repeats them.
        """
        left_seconds = (limit.reset_at - github_now).total_seconds()
        past_seconds = 3600 - left_seconds
        if left_seconds <= 0 or past_seconds < WARM_UP_SECONDS:
            return 1.0
        is_counted = self._reset_at is not None and is_same_hour(limit.reset_at, self._reset_at)
        backfill = self._charged[Purpose.BACKFILL] if is_counted else 0
        used = max(limit.limit - limit.remaining - backfill, 0)
        used_per_second = used / past_seconds
        allowed_per_second = max(limit.remaining - reserve_of(limit), 1) / left_seconds
        return min(max(used_per_second / allowed_per_second, 1.0), MAX_INTERVAL_FACTOR)

    def _pace(self, purpose: Purpose, github_now: datetime) -> float:
        """Return the pace of this hour or of the one before, whichever is higher."""
        until = github_now if self._reset_at is None else min(github_now, self._reset_at)
        return max(self._per_second(purpose, until), self._per_second_before[purpose])

    def _per_second(self, purpose: Purpose, until: datetime) -> float:
        """Return a purpose's pace since anything was first counted in this hour."""
        if self._began_at is None:
            return 0.0
        seconds = max((until - self._began_at).total_seconds(), PACE_SECONDS)
        return self._charged[purpose] / seconds


def reserve_of(limit: RateLimit, purpose: Purpose = Purpose.POLLING) -> int:
    """Return how many of the hour's requests a purpose always leaves to others."""
    return int(limit.limit * RESERVE_SHARES[purpose])
