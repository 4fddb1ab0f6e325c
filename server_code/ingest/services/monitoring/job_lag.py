"""A histogram of how long after its end a job is published."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import datetime

from ...domain.counters import Counters
from ...domain.jobs import Job

#: Upper bounds of the buckets, in seconds.
LAG_BOUNDS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600)

_COUNT, _SUM = "job_lag.count", "job_lag.seconds"


def count_job_lag(
    counters: Counters, now: datetime, before: Iterable[Job], published: Iterable[Job]
) -> None:
    """Count the lag of each job whose end was not known at the last read of the attempt."""
    ended_before = {job.job_id for job in before if job.completed_at is not None}
    for job in published:
        if job.completed_at is None or job.job_id in ended_before:
            continue
        seconds = max(0, round((now - job.completed_at).total_seconds()))
        counters.add(_COUNT)
        counters.add(_SUM, seconds)
        for bound in LAG_BOUNDS[bisect_left(LAG_BOUNDS, seconds) :]:
            counters.add(_bucket(bound))


def read_job_lag(counts: Mapping[str, int]) -> tuple[list[tuple[str, int]], int]:
    """Return the cumulative buckets of the histogram, and the sum of all lags in seconds."""
    buckets = [(str(float(bound)), counts.get(_bucket(bound), 0)) for bound in LAG_BOUNDS]
    return [*buckets, ("+Inf", counts.get(_COUNT, 0))], counts.get(_SUM, 0)


def _bucket(bound: int) -> str:
    return f"job_lag.le.{bound}"
