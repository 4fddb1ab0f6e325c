"""Count runs, attempts, jobs and steps that are published for the first time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey
from ..context import CollectorContext
from .attempt_messages import Changes
from .job_lag import count_job_lag


def count_published(
    context: CollectorContext,
    repository: str,
    before: Mapping[AttemptKey, AttemptRecord],
    changes: Sequence[Changes],
) -> None:
    """Count what is published for the first time; called before the ledger records it."""
    published = [each.record for each in changes if each.record.published_statuses]
    first = [record for record in published if not before[record.key].published_statuses]
    new_runs = {record.key.run_id for record in first}
    for key, known in context.store.load_attempts(repository, new_runs).items():
        if known.published_statuses:
            new_runs.discard(key.run_id)
    context.counters.add("runs", len(new_runs))
    context.counters.add("attempts", len(first))
    for record in published:
        known = before[record.key]
        context.counters.add("jobs", len(record.published_jobs) - len(known.published_jobs))
        context.counters.add("steps", _count_steps(record) - _count_steps(known))
        count_job_lag(context.counters, context.clock.now(), known.jobs, record.jobs)


def _count_steps(record: AttemptRecord) -> int:
    """Return the number of published steps."""
    return sum(len(job.steps) for job in record.jobs if record.published_statuses)
