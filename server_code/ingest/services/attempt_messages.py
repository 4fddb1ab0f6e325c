"""Deciding what there is to say about an attempt: only what is new since it was last spoken of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..domain.code_metrics import CommitMetrics
from ..domain.jobs import Job
from ..domain.ledger import LOG_PENDING, AttemptRecord, JobLogRecord
from ..domain.runs import WorkflowRun
from ..domain.summaries import RunSummary, summary_of
from ..messaging.envelope import Envelope, QueueMessage
from ..messaging.log_work import attempt_logs_due, job_log_due
from ..messaging.run_events import (
    job_envelope,
    job_fingerprint,
    run_envelope,
    run_fingerprint,
)

#: So long after its end a job's log is first asked for.
LOG_DELAY = timedelta(seconds=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Be what one look at an attempt gives to say, and the record once it is said.

    ``facts`` are for the metrics queue, ``log_work`` for the job events queue. ``summary`` is for
    lists, where there is news of the run itself.
    """

    record: AttemptRecord
    facts: tuple[Envelope, ...] = ()
    log_work: tuple[QueueMessage, ...] = ()
    pending_logs: tuple[JobLogRecord, ...] = ()
    summary: RunSummary | None = None


def changes_of(
    record: AttemptRecord, commit: CommitMetrics | None, *, log_mode: str, now: datetime
) -> Changes:
    """Compare an attempt with what was said of it."""
    run = record.run
    if run is None:
        return Changes(record=record)
    jobs = [job for job in record.jobs if record.published_jobs.get(_id(job)) != _mark(job)]
    job_facts = tuple(job_envelope(record.key, job, now=now) for job in jobs)
    run_facts = _run_facts(record, run, commit, now)
    # A run begins before its jobs and ends after them.
    facts = job_facts + run_facts if run.is_completed else run_facts + job_facts
    ordered = _jobs_to_order(record, jobs, log_mode)
    return Changes(
        record=_spoken(record, run, spoke_of_run=bool(run_facts)),
        facts=facts,
        log_work=_log_work(record, ordered, log_mode, now),
        pending_logs=tuple(_pending(record, job, now) for job in ordered),
        summary=_summary(record, run, commit) if run_facts else None,
    )


def _summary(record: AttemptRecord, run: WorkflowRun, commit: CommitMetrics | None) -> RunSummary:
    return summary_of(run, record.jobs, commit, created_at=record.created_at)


def has_run_changes(record: AttemptRecord) -> bool:
    """Tell whether there is something new to say of the run itself."""
    run = record.run
    if run is None:
        return False
    if run.is_completed:
        return record.fingerprint != run_fingerprint(run, record.jobs)
    return record.published_statuses[-1:] != (run.status,)


def _run_facts(
    record: AttemptRecord, run: WorkflowRun, commit: CommitMetrics | None, now: datetime
) -> tuple[Envelope, ...]:
    if not has_run_changes(record):
        return ()
    visit = record.published_statuses.count(run.status)
    return (run_envelope(run, record.jobs, commit, visit=visit, now=now),)


def _spoken(record: AttemptRecord, run: WorkflowRun, *, spoke_of_run: bool) -> AttemptRecord:
    statuses = record.published_statuses
    return replace(
        record,
        published_jobs={_id(job): _mark(job) for job in record.jobs},
        published_statuses=(*statuses, run.status) if spoke_of_run else statuses,
        fingerprint=run_fingerprint(run, record.jobs) if run.is_completed else None,
    )


def _jobs_to_order(record: AttemptRecord, changes: list[Job], log_mode: str) -> list[Job]:
    """Choose the jobs whose logs are due: each at its end, in economy all when the attempt ends."""
    if log_mode == "live":
        return [job for job in changes if job.is_completed and not _has_ended_before(record, job)]
    if record.run is None or not record.run.is_completed:
        return []
    return [job for job in record.jobs if job.is_completed and not _was_ordered(record, job)]


def _log_work(
    record: AttemptRecord, ordered: list[Job], log_mode: str, now: datetime
) -> tuple[QueueMessage, ...]:
    """Order logs one by one, or in economy as one archive.

    A single job's log costs the same alone, so it needs no archive.
    """
    with_logs = [job for job in ordered if not job.never_started]
    if log_mode == "live" or len(with_logs) < 2:
        return tuple(
            job_log_due(record.key, job, now=now, delay_seconds=_delay_seconds([job], now))
            for job in ordered
        )
    delay = _delay_seconds(ordered, now)
    return (attempt_logs_due(record.key, ordered, now=now, delay_seconds=delay),)


def _delay_seconds(jobs: Sequence[Job], now: datetime) -> int:
    """Find how long to wait for logs that GitHub does not have yet; asking too early costs."""
    ends = [job.completed_at for job in jobs if job.completed_at and not job.never_started]
    age = now - max(ends, default=now - LOG_DELAY)
    return max(0, math.ceil((LOG_DELAY - age).total_seconds())) if age >= timedelta() else 0


def _pending(record: AttemptRecord, job: Job, now: datetime) -> JobLogRecord:
    return JobLogRecord(
        key=record.key, job_id=job.job_id, job_name=job.name, state=LOG_PENDING, updated_at=now
    )


def _id(job: Job) -> str:
    return str(job.job_id)


def _mark(job: Job) -> str:
    """Tell what is said of a job: an ended one's whole outcome, else its status."""
    return f"completed {job_fingerprint(job)}" if job.is_completed else job.status


def _has_ended_before(record: AttemptRecord, job: Job) -> bool:
    return record.published_jobs.get(_id(job), "").startswith("completed")


def _was_ordered(record: AttemptRecord, job: Job) -> bool:
    """Tell whether an economical log was ordered: they are ordered once, when the attempt ends."""
    return _has_ended_before(record, job) and record.fingerprint is not None
