"""Count runs, attempts, jobs and steps that are published for the first time.

A histogram shows how long after its end a job is published, if its repository was watched then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ...domain.counters import Counters
from ...domain.jobs import Job
from ...domain.ledger import AttemptRecord, RepositoryRecord
from ...domain.runs import AttemptKey
from ..context import CollectorContext
from .attempt_messages import is_end_published

#: Upper bounds of the buckets, in seconds.
LAG_BOUNDS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 3600)

_COUNT, _SUM = "job_lag.count", "job_lag.seconds"


def count_published(
    context: CollectorContext,
    repository: RepositoryRecord,
    before: Mapping[AttemptKey, AttemptRecord],
    after: Sequence[AttemptRecord],
) -> None:
    """Count what is published for the first time; called before the ledger records it.

    ``before`` and ``after``: the records of the attempts before this publication and after it.
    """
    published = [record for record in after if record.published_statuses]
    newly_published = [record for record in published if not before[record.key].published_statuses]
    new_runs = {record.key.run_id for record in newly_published}
    for key, stored in context.store.load_attempts(repository.full_name, new_runs).items():
        if stored.published_statuses:
            new_runs.discard(key.run_id)
    context.counters.add("runs", len(new_runs))
    context.counters.add("attempts", len(newly_published))
    for record in published:
        known = before[record.key]
        context.counters.add("jobs", len(record.published_jobs) - len(known.published_jobs))
        context.counters.add("steps", _count_steps(record) - _count_steps(known))
        ends = [job.completed_at for job in record.jobs if _ends_now(job, known, record)]
        count_job_lag(
            context.counters,
            context.clock.now(),
            [each for each in ends if each is not None and each >= repository.added_at],
        )


def _count_steps(record: AttemptRecord) -> int:
    """Return the number of steps of the jobs whose end is published."""
    return sum(len(job.steps) for job in record.jobs if is_end_published(record, job))


def _ends_now(job: Job, known: AttemptRecord, record: AttemptRecord) -> bool:
    """Return whether the end of a job is published for the first time."""
    return is_end_published(record, job) and not is_end_published(known, job)


def count_job_lag(counters: Counters, now: datetime, ends: Iterable[datetime]) -> None:
    """Count the lag of each job whose end is published now."""
    for completed_at in ends:
        seconds = max(0, round((now - completed_at).total_seconds()))
        counters.add(_COUNT)
        counters.add(_SUM, seconds)
        for bound in LAG_BOUNDS[bisect_left(LAG_BOUNDS, seconds) :]:
            counters.add(_bucket(bound))


def job_lag_histogram(counts: Mapping[str, int]) -> tuple[list[tuple[str, int]], int]:
    """Return the cumulative buckets of the histogram, and the sum of all lags in seconds."""
    buckets = [(str(float(bound)), counts.get(_bucket(bound), 0)) for bound in LAG_BOUNDS]
    return [*buckets, ("+Inf", counts.get(_COUNT, 0))], counts.get(_SUM, 0)


def _bucket(bound: int) -> str:
    return f"job_lag.le.{bound}"
