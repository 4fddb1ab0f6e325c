"""The logs of a replayed attempt, from the cache, the bucket or GitHub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO, cast, get_args

from ...domain.ledger import LOG_FETCHED, LOG_PENDING, AttemptRecord, JobLogRecord
from ...domain.step_ranges import StepRange
from ...errors import IngestError, LogExpired, Retriable
from ...messaging.log_events import UnavailableReason
from ...messaging.log_work import LogWork, WorkItemJob, work_item_job
from ..context import CollectorContext
from ..limits_in_force import LimitsInForce
from ..log_ingestion.deliver_log import deliver_log, deliver_unavailable
from ..log_ingestion.fetch_logs import fetch_logs, fetch_single
from ..log_ingestion.log_results import (
    FetchLog,
    LogFetched,
    LogNotReady,
    LogResult,
    LogUnavailable,
    fetch_into_spool,
    with_steps,
)
from ..log_ingestion.log_retries import MAX_MISSING_TRIES, recheck_missing_log
from ..log_ingestion.read_log import bucket_fetcher


@dataclass(slots=True)
class ReplayedLogs:
    """How many logs were published again, and how many no longer exist."""

    replayed: int = 0
    lost: int = 0


def replay_stored_logs(context: CollectorContext, record: AttemptRecord) -> ReplayedLogs:
    """Publish again the logs of an attempt in the ledger, or why a log is unavailable.

    Raises retriable errors.
    """
    counts = ReplayedLogs()
    missing: dict[int, JobLogRecord] = {}
    failures: dict[int, IngestError] = {}
    for log in context.store.load_job_logs(record.key).values():
        if log.state == LOG_PENDING:
            continue
        result = _stored_result(context, log)
        if isinstance(result, LogNotReady):
            missing[log.job_id], failures[log.job_id] = log, result.error
        else:
            _publish(context, record, result, counts)
    for result in _fetch(context, record, missing):
        job_id = result.job.job_id
        final_result: LogResult
        if isinstance(result, LogFetched):
            final_result = _as_published(context, record, result, missing[job_id])
        else:
            final_result = _not_found_anywhere(result, failures[job_id])
        _publish(context, record, final_result, counts)
    return counts


def replay_fetched_logs(
    context: CollectorContext, record: AttemptRecord, due: Sequence[JobLogRecord]
) -> ReplayedLogs:
    """Publish the logs of an attempt that has left the ledger. Raises retriable errors."""
    counts = ReplayedLogs()
    work = _last_try_work(record)
    for result in _fetch(context, record, {log.job_id: log for log in due}):
        if isinstance(result, LogFetched):
            _publish(context, record, result, counts)
        else:
            _publish(context, record, recheck_missing_log(context, result, work), counts)
    return counts


def _fetch(
    context: CollectorContext, record: AttemptRecord, due: Mapping[int, JobLogRecord]
) -> Iterator[LogResult]:
    """Fetch logs from GitHub, in one archive if that costs no more requests."""
    work = _last_try_work(record)
    jobs = {job.job_id: job for job in work.jobs}
    pending = [jobs.get(job_id) or work_item_job(log) for job_id, log in due.items()]
    limits = LimitsInForce(context.clock)
    return fetch_logs(context.github, work, pending, limits, prefers_archive=True)


def _last_try_work(record: AttemptRecord) -> LogWork:
    """Return all logs of an attempt as work at its last try, so that no missing log waits."""
    jobs = tuple(map(work_item_job, record.jobs))
    return LogWork(key=record.key, jobs=jobs, is_whole_attempt=True, tries=MAX_MISSING_TRIES)


def _publish(
    context: CollectorContext, record: AttemptRecord, result: LogResult, counts: ReplayedLogs
) -> None:
    uncached = replace(context, log_cache=None)
    if isinstance(result, LogNotReady):
        if isinstance(result.error, Retriable):
            raise result.error
        counts.lost += 1
        return
    if isinstance(result, LogUnavailable):
        deliver_unavailable(uncached, record.key, result, is_replayed=True)
    else:
        jobs = (job for job in record.jobs if job.job_id == result.job.job_id)
        steps = next((job.steps for job in jobs), ())
        with result.spool:
            deliver_log(uncached, record.key, with_steps(result, steps), is_replayed=True)
    counts.replayed += 1


def _as_published(
    context: CollectorContext, record: AttemptRecord, fetched: LogFetched, log: JobLogRecord
) -> LogFetched:
    """Return a log with the bytes that were published, if GitHub still has them.

    The log in an archive and the single log of the job may differ.
    """
    if log.log_sha256 in (None, fetched.content_info.log_sha256):
        return fetched
    other = fetch_single(context.github, _last_try_work(record), fetched.job)
    if not isinstance(other, LogFetched):
        return fetched
    if other.content_info.log_sha256 != log.log_sha256:
        fetched, other = other, fetched
    fetched.spool.close()
    return other


def _not_found_anywhere(result: LogNotReady | LogUnavailable, stored: IngestError) -> LogNotReady:
    """Return the result of a log that was found nowhere, with the retriable of its two errors."""
    error = result.error if isinstance(result, LogNotReady) else LogExpired(result.detail)
    retriable = (each for each in (stored, error) if isinstance(each, Retriable))
    return LogNotReady(job=result.job, error=next(retriable, error))


def _stored_result(context: CollectorContext, log: JobLogRecord) -> LogResult:
    """Read a log from the cache or the bucket; LogNotReady if it is in neither."""
    job = work_item_job(log)
    if log.state != LOG_FETCHED:
        return _recorded_reason(job, log)
    result: LogResult = LogNotReady(job=job, error=LogExpired("The log is not stored."))
    for fetch in _stored_log_fetchers(context, log):
        result = fetch_into_spool(job, fetch)
        if isinstance(result, LogFetched):
            break
    return result


def _recorded_reason(job: WorkItemJob, log: JobLogRecord) -> LogUnavailable:
    """Return why a log is unavailable, as it was published and recorded."""
    name, _, detail = (log.reason or "").partition(": ")
    reason = name if name in get_args(UnavailableReason) else "not_found"
    return LogUnavailable(job=job, reason=cast("UnavailableReason", reason), detail=detail)


def _stored_log_fetchers(context: CollectorContext, log: JobLogRecord) -> Iterator[FetchLog]:
    """Yield functions that write the log into a file and return its steps, if they are stored."""
    cache = context.log_cache
    if log.log_bytes == 0:  # GitHub's empty log counts as not written yet
        yield partial(_write, iter(()), None)
    if cache is not None and (cached := cache.load_content(log.key, log.job_id)) is not None:
        outline = cache.load_outline(log.key, log.job_id)
        yield partial(_write, cached, outline.steps if outline else None)
    if (stored := bucket_fetcher(context.blobs, log)) is not None:
        yield stored


def _write(
    chunks: Iterator[bytes], steps: tuple[StepRange, ...] | None, into: BinaryIO
) -> tuple[StepRange, ...] | None:
    into.writelines(chunks)
    return steps
