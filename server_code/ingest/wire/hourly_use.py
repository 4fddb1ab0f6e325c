"""Whether the requests of a credential's hour are used up too fast."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from .rate_limits import RateLimit

#: How long an hour must have run before its use is judged, and how far polls may be stretched.
WARM_UP_SECONDS = 300
MAX_STRETCH = 20.0

#: The parts of the hour that are left to the token's other users, and by bulk requests to all
#: others, whatever watching needs.
RESERVE_SHARE = 0.02
BULK_RESERVE_SHARE = 0.04

#: The pace of watching is that of so long at least: a few requests at once are no pace.
PACE_SECONDS = 900

#: The most that is kept from bulk requests for watching, of what is left of an hour, and how long
#: they wait at least for it to need less.
MOST_FOR_WATCHING = 0.75
WATCHING_PAUSE = timedelta(minutes=3)


class Purpose(Enum):
    """What a request is sent for.

    A backfill ends, and watching goes on. A log is of either; nothing in its request says of which.
    A backlog is of what is watched, and waits as a backfill does.
    """

    WATCHING = "watching"
    BACKLOG = "backlog"
    BACKFILL = "backfill"
    LOG = "log"


class HourlyUse:
    """How a credential's hour is used; its owner keeps threads apart."""

    def __init__(self) -> None:
        self._reset_at: datetime | None = None
        self._began_at: datetime | None = None
        self._watched_per_second_before = 0.0
        self._charged = dict.fromkeys(Purpose, 0)

    def record(self, limit: RateLimit, purpose: Purpose, *, github_now: datetime) -> None:
        """Count a charged request; ``limit`` is that of its answer."""
        if self._reset_at is None or limit.reset_at > self._reset_at:
            self._watched_per_second_before = self._watched_per_second(self._reset_at or github_now)
            self._reset_at, self._began_at = limit.reset_at, github_now
            self._charged = dict.fromkeys(Purpose, 0)
        if limit.reset_at == self._reset_at:
            self._charged[purpose] += 1

    def wait_for_watching(self, limit: RateLimit, github_now: datetime, left: float) -> timedelta:
        """Return how long to wait until watching needs less than is ``left`` of the hour.

        Its pace is that of this hour or of the one before, whichever is higher.
        """
        end = github_now if self._reset_at is None else min(github_now, self._reset_at)
        per_second = max(self._watched_per_second(end), self._watched_per_second_before)
        per_second = min(per_second, MOST_FOR_WATCHING * limit.limit / 3600)
        left_seconds = max((limit.reset_at - github_now).total_seconds(), 0.0)
        if per_second * left_seconds < max(left, 1):
            return timedelta(0)
        return max(timedelta(seconds=left_seconds - left / per_second), WATCHING_PAUSE)

    def interval_factor(self, limit: RateLimit, github_now: datetime) -> float:
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
        allowed_per_second = max(limit.remaining - reserve_of(limit), 1) / left_seconds
        return min(max(used_per_second / allowed_per_second, 1.0), MAX_STRETCH)

    def _watched_per_second(self, until: datetime) -> float:
        """Return the pace of watching since it was first counted in this hour, bulk left out."""
        if self._began_at is None:
            return 0.0
        seconds = max((until - self._began_at).total_seconds(), PACE_SECONDS)
        return self._charged[Purpose.WATCHING] / seconds

    def _used_by_backfill(self, limit: RateLimit) -> float:
        """Return what backfills used: of the logs, as large a part as of the other requests."""
        if limit.reset_at != self._reset_at:
            return 0.0
        backfill, logs = self._charged[Purpose.BACKFILL], self._charged[Purpose.LOG]
        others = self._charged[Purpose.WATCHING] + self._charged[Purpose.BACKLOG]
        return backfill + logs * backfill / (backfill + others) if backfill else 0.0


def reserve_of(limit: RateLimit, *, is_bulk: bool = False) -> int:
    """Return how many of the hour's requests are left to others, whatever is known of them."""
    return int(limit.limit * (BULK_RESERVE_SHARE if is_bulk else RESERVE_SHARE))
