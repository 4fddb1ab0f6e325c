"""Runs by their result in the last hour, day and week, and the lag of jobs, known for one day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ...domain.saved_counters import SavedCounters
from ...domain.summaries import FAILED_CONCLUSIONS, RunSummary
from ...domain.timestamps import format_timestamp
from ..monitoring.count_published import LAG_BOUNDS, job_lag_histogram

RESULTS = ("success", "failure", "cancelled", "skipped", "other")

#: The result of a conclusion; every conclusion that is missing here counts as "other".
_RESULT_OF = {"success": "success", "cancelled": "cancelled", "skipped": "skipped"} | dict.fromkeys(
    FAILED_CONCLUSIONS, "failure"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time range that ends now, in intervals of equal length."""

    name: str
    interval: timedelta
    interval_count: int

    def starts(self, now: datetime) -> list[datetime]:
        """Return the start of each interval, oldest first; the last one is not over yet."""
        newest = _EPOCH + (now - _EPOCH) // self.interval * self.interval
        return [newest - n * self.interval for n in reversed(range(self.interval_count))]


WINDOWS = (
    Window(name="1h", interval=timedelta(minutes=5), interval_count=12),
    Window(name="24h", interval=timedelta(hours=1), interval_count=24),
    Window(name="7d", interval=timedelta(hours=6), interval_count=28),
)


def window_rows(
    summaries: Sequence[RunSummary], saved_counters: SavedCounters, *, now: datetime
) -> dict[str, dict[str, Any]]:
    """Return runs and lag of each window by its name."""
    return {
        window.name: {
            "runs": _runs(summaries, window, now),
            "lag": _lag(saved_counters, window, now),
        }
        for window in WINDOWS
    }


def _runs(summaries: Sequence[RunSummary], window: Window, now: datetime) -> list[dict[str, Any]]:
    """Count ended runs by interval and result, oldest interval first."""
    starts = window.starts(now)
    rows: list[dict[str, Any]] = [
        {"at": format_timestamp(start), **dict.fromkeys(RESULTS, 0)} for start in starts
    ]
    for each in summaries:
        if each.conclusion is None or each.completed_at is None:
            continue
        at = (each.completed_at - starts[0]) // window.interval
        if 0 <= at < window.interval_count:
            rows[at][_RESULT_OF.get(each.conclusion, "other")] += 1
    return rows


def _lag(saved_counters: SavedCounters, window: Window, now: datetime) -> dict[str, Any]:
    """Return upper bounds of the median and the 95th percentile, in seconds.

    None: no job ended while it was watched, or its lag is larger than the largest bound.
    """
    since = now - window.interval * window.interval_count
    counts: Counter[str] = Counter()
    for start, increments in saved_counters.intervals:
        if start > since:
            counts.update(increments)
    cumulative_buckets, _ = job_lag_histogram(counts)
    jobs = cumulative_buckets[-1][1]
    cumulative: Mapping[int, int] = dict(
        zip(LAG_BOUNDS, (count for _, count in cumulative_buckets), strict=False)
    )
    return {
        "jobs": jobs,
        "median_seconds": _smallest_bound_with(cumulative, jobs * 0.5),
        "p95_seconds": _smallest_bound_with(cumulative, jobs * 0.95),
    }


def _smallest_bound_with(cumulative: Mapping[int, int], wanted_count: float) -> int | None:
    if not wanted_count:
        return None
    return next((bound for bound, count in cumulative.items() if count >= wanted_count), None)
