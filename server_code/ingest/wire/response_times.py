"""The duration of GitHub's answers in the last minute, an estimate of the used CPU time."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

MINUTE = timedelta(seconds=60)

#: With fewer answers there is no average.
MIN_ANSWERS = 20

#: A request in flight counts like the average answer, but at most this much, because one slow
#: answer shows nothing about others.
MAX_EXPECTED_SECONDS = 1.0


class ResponseTimes:
    """The answers of the last minute.

    Not safe for threads: the rate limiter holds its lock.
    """

    def __init__(self) -> None:
        self._answers: deque[tuple[datetime, float]] = deque()
        self._total = 0.0

    def record(self, seconds: float, *, now: datetime) -> None:
        """Record the duration of an answer that has just arrived."""
        self._answers.append((now, seconds))
        self._total += seconds

    def average(self, *, now: datetime) -> float | None:
        """Return the average duration, at most MAX_EXPECTED_SECONDS; None if answers are few."""
        self._remove_old(now)
        if len(self._answers) < MIN_ANSWERS:
            return None
        return min(self._total / len(self._answers), MAX_EXPECTED_SECONDS)

    def wait_until(self, maximum: float, *, in_flight: int, now: datetime) -> datetime | None:
        """Return when to try again if the answers of the minute take ``maximum`` seconds in total.

        Requests in flight count as well, because otherwise requests that are sent together would
        exceed the maximum. Returns None if there is nothing to wait for.
        """
        self._remove_old(now)
        if not self._answers:
            return None
        each = min(self._total / len(self._answers), MAX_EXPECTED_SECONDS)
        is_too_much = self._total + in_flight * each >= maximum
        return self._answers[0][0] + MINUTE if is_too_much else None

    def _remove_old(self, now: datetime) -> None:
        while self._answers and not _is_within_minute(self._answers[0][0], now):
            self._total -= self._answers.popleft()[1]


def trim_to_last_minute(times: deque[datetime], now: datetime) -> deque[datetime]:
    """Remove the times that are not of the last minute."""
    while times and not _is_within_minute(times[0], now):
        times.popleft()
    return times


def _is_within_minute(at: datetime, now: datetime) -> bool:
    """Return whether a time is within a minute; one in the future is from before a clock change."""
    return now - MINUTE < at <= now + MINUTE
