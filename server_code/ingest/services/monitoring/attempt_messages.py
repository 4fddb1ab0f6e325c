"""Compare an attempt with what was published of it, and build the messages for the changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...domain.commits import Commit
from ...domain.filters import FilterChain
from ...domain.jobs import Job
from ...domain.ledger import LOG_PENDING, AttemptRecord, JobLogRecord
from ...domain.runs import WorkflowRun
from ...domain.summaries import RunSummary, summary_of
from ...messaging.encoding import QueueMessage
from ...messaging.envelope import Envelope
from ...messaging.log_work import (
    attempt_work_message,
    is_archive_worthwhile,
    job_work_message,
    work_item_job,
)
from ...messaging.run_events import (
    job_envelope,
    job_fingerprint,
    run_envelope,
    run_fingerprint,
)

#: How long after a job's end its log is first requested.
LOG_DELAY = timedelta(seconds=4)

#: A job that is still open this long after its run's end lost its runner, or never had one.
ABANDONED_AFTER = timedelta(seconds=90)

#: A run that GitHub shows in flight this long after the end of its last job may never end there.
STUCK_AFTER = timedelta(hours=6)

#: In live mode an archive is fetched if it holds at most this many logs for each one that is due.
MAX_LOGS_PER_DUE_LOG = 4

#: The end of the state of a job that had not ended long after its run, and whose log was requested.
_ABANDONED = " abandoned"

#: The end of the state of a job that has ended, and whose log is due at its run's end.
_WITHOUT_LOG = " without log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The messages to send after a read of an attempt, and its record to save once they are sent.

    ``envelopes`` are for the metrics queue. ``log_work`` is for the job events queue, for the logs
    of ``pending_logs``; ``filtered_logs`` counts those that a filter leaves out. ``summary`` is for
    the dashboard's lists; None unless the run itself has changed.
    """

    record: AttemptRecord
    envelopes: tuple[Envelope, ...] = ()
    log_work: tuple[QueueMessage, ...] = ()
    pending_logs: tuple[JobLogRecord, ...] = ()
    summary: RunSummary | None = None
    filtered_logs: int = 0


def find_unpublished_changes(
    record: AttemptRecord,
    commit: Commit | None,
    *,
    log_mode: str,
    now: datetime,
    filters: FilterChain,
) -> Changes:
    """Return what has changed since an attempt was last published.

    With ``log_mode`` "live" the log of each ended job is requested, with "economy" all logs when
    the run has ended. A log that a filter leaves out is not requested.
    """
    run = record.run
    if run is None:
        return Changes(record=record)
    jobs = [job for job in record.jobs if is_unpublished(record, job)]
    job_envelopes = tuple(job_envelope(record.key, job, timestamp=now) for job in jobs)
    run_envelopes = _run_envelopes(record, run, commit, now)
    # A run begins before its jobs and ends after them.
    envelopes = job_envelopes + run_envelopes if run.is_completed else run_envelopes + job_envelopes
    abandoned = _abandoned_jobs(record, run, now)
    with_due_logs = [*_jobs_with_due_logs(record, log_mode, now), *abandoned]
    requested = [job for job in with_due_logs if filters.wants_log(job)]
    return Changes(
        record=_record_once_published(record, run, with_due_logs, with_run=bool(run_envelopes)),
        envelopes=envelopes,
        log_work=_log_work_messages(record, requested, log_mode, now, filters),
        pending_logs=tuple(_pending_log(record, job, now) for job in requested),
        summary=summary_of(run, record.jobs, commit, created_at=record.created_at)
        if run_envelopes
        else None,
        filtered_logs=len(with_due_logs) - len(requested),
    )


def job_state(job: Job) -> str:
    """Return the state in which a job is published: its status, and a hash of how it ended."""
    return f"completed {job_fingerprint(job)}" if job.is_completed else job.status


def _published_state(record: AttemptRecord, job: Job) -> str:
    """Return the state in which a job was published last; empty if it was not published."""
    return record.published_jobs.get(str(job.job_id), "")


def is_unpublished(record: AttemptRecord, job: Job) -> bool:
    """Return whether the job has changed since it was last published."""
    published = _published_state(record, job)
    return published.removesuffix(_ABANDONED).removesuffix(_WITHOUT_LOG) != job_state(job)


def is_end_published(record: AttemptRecord, job: Job) -> bool:
    """Return whether an end of the job was published."""
    return _published_state(record, job).startswith("completed")


def _was_log_due(record: AttemptRecord, job: Job) -> bool:
    """Return whether the log of an ended job was due: requested, or left out by a filter."""
    return is_end_published(record, job) and not _published_state(record, job).endswith(
        _WITHOUT_LOG
    )


def _is_abandoned(record: AttemptRecord, job: Job) -> bool:
    """Return whether the job was published as abandoned."""
    return _published_state(record, job).endswith(_ABANDONED)


def has_unpublished_run_changes(record: AttemptRecord) -> bool:
    """Return whether the run itself has changed since it was last published."""
    run = record.run
    if run is None:
        return False
    if run.is_completed:
        is_first_end = record.fingerprint is None
        return is_first_end or record.fingerprint != run_fingerprint(run, record.jobs)
    return record.published_statuses[-1:] != (run.status,)


def _run_envelopes(
    record: AttemptRecord, run: WorkflowRun, commit: Commit | None, now: datetime
) -> tuple[Envelope, ...]:
    if not has_unpublished_run_changes(record):
        return ()
    occurrence = record.published_statuses.count(run.status)
    return (run_envelope(run, record, commit, occurrence=occurrence, timestamp=now),)


def _record_once_published(
    record: AttemptRecord, run: WorkflowRun, with_due_logs: Sequence[Job], *, with_run: bool
) -> AttemptRecord:
    statuses = record.published_statuses
    due_ids = {job.job_id for job in with_due_logs}
    states = {
        str(job.job_id): _next_state(record, job, is_log_due=job.job_id in due_ids)
        for job in record.jobs
    }
    return replace(
        record,
        published_jobs=states,
        published_statuses=(*statuses, run.status) if with_run else statuses,
        fingerprint=run_fingerprint(run, record.jobs) if run.is_completed else None,
    )


def _next_state(record: AttemptRecord, job: Job, *, is_log_due: bool) -> str:
    """Return the state of a job as it is published now; it stays abandoned until it changes.

    An open job whose log is due is abandoned.
    """
    if job.is_completed:
        return job_state(job) + ("" if is_log_due or _was_log_due(record, job) else _WITHOUT_LOG)
    stays_abandoned = _is_abandoned(record, job) and not is_unpublished(record, job)
    return job_state(job) + (_ABANDONED if is_log_due or stays_abandoned else "")


def _jobs_with_due_logs(record: AttemptRecord, log_mode: str, now: datetime) -> list[Job]:
    """Return the ended jobs whose logs are due: in economy mode, all at the end of the run.

    Those of a run that is stuck are not waited for.
    """
    if log_mode == "live":
        return [job for job in record.jobs if job.is_completed and not _was_log_due(record, job)]
    if not record.is_run_completed and not _is_stuck(record, now):
        return []
    # A fingerprint shows that an end of the attempt was published, and its logs requested.
    has_requested = record.fingerprint is not None or not record.is_run_completed
    return [
        job
        for job in record.jobs
        if job.is_completed and not (has_requested and _was_log_due(record, job))
    ]


def _is_stuck(record: AttemptRecord, now: datetime) -> bool:
    """Return whether all jobs of a run in flight ended long ago.

    GitHub shows some runs so for good: https://github.com/JiRaska/open-bank-oss/issues/6472
    """
    ended_at = max(filter(None, (job.latest_time for job in record.jobs)), default=now)
    return all(job.is_completed for job in record.jobs) and now - ended_at >= STUCK_AFTER


def _abandoned_jobs(record: AttemptRecord, run: WorkflowRun, now: datetime) -> list[Job]:
    """Return the jobs that are abandoned from now on: still open long after their run's end."""
    ended_at = run.updated_at or record.created_at
    if not run.is_completed or now - ended_at < ABANDONED_AFTER:
        return []
    open_jobs = [job for job in record.jobs if not job.is_completed]
    return [job for job in open_jobs if not _is_abandoned(record, job)]


def _log_work_messages(
    record: AttemptRecord, requested: list[Job], log_mode: str, now: datetime, filters: FilterChain
) -> tuple[QueueMessage, ...]:
    """Build work items for single logs, or one for the attempt's archive if it saves requests."""
    with_logs = [job for job in requested if not job.never_started]
    in_archive = requested
    is_worthwhile = record.is_run_completed and is_archive_worthwhile(
        with_logs, record.jobs, now=now
    )
    if log_mode == "live":
        before = [job for job in record.jobs if job.is_completed and job not in requested]
        in_archive = [*filter(filters.wants_log, before), *requested]
        is_worthwhile = len(with_logs) > 1 and _are_enough_logs_due(record, with_logs)
    if not is_worthwhile:
        return tuple(
            job_work_message(record.key, job, now=now, delay_seconds=_delay_seconds([job], now))
            for job in requested
        )
    delay = _delay_seconds(requested, now)
    return (attempt_work_message(record.key, in_archive, now=now, delay_seconds=delay),)


def _are_enough_logs_due(record: AttemptRecord, with_logs: Sequence[Job]) -> bool:
    """Return whether enough of the logs in an ended attempt's archive are due."""
    in_archive = [job for job in record.jobs if job.is_completed and not job.never_started]
    return record.is_run_completed and len(with_logs) * MAX_LOGS_PER_DUE_LOG >= len(in_archive)


def _delay_seconds(jobs: Sequence[Job], now: datetime) -> int:
    """Return how long to wait before GitHub has the logs; a request before that is wasted."""
    ends = [job.completed_at for job in jobs if job.completed_at and not job.never_started]
    age = now - max(ends, default=now - LOG_DELAY)
    return max(0, math.ceil((LOG_DELAY - age).total_seconds())) if age >= timedelta() else 0


def _pending_log(record: AttemptRecord, job: Job, now: datetime) -> JobLogRecord:
    return JobLogRecord(
        key=record.key,
        job_id=job.job_id,
        job_name=work_item_job(job).job_name,
        state=LOG_PENDING,
        updated_at=now,
        pending_since=now,
        failed_at=job.failed_at,
    )
