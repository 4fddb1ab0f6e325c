"""The logs of a replayed attempt: as they are stored, or as GitHub still has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import BinaryIO

from ...domain.ledger import LOG_FETCHED, LOG_PENDING, AttemptRecord, JobLogRecord
from ...errors import IngestError, LogExpired, Retriable
from ...messaging.log_events import UnavailableReason
from ...messaging.log_work import DueLog, LogWork, due_log
from ..context import CollectorContext
from ..log_ingestion.deliver_log import deliver_absence, deliver_log
from ..log_ingestion.fetch_logs import fetch_logs
from ..log_ingestion.log_results import (
    LogFetched,
    LogNotReady,
    LogResult,
    LogUnavailable,
    spool_log,
    with_steps,
)
from ..log_ingestion.log_retries import LONG_TRIES, decide_retry
from ..log_ingestion.read_log import LogReader


@dataclass(slots=True)
class ReplayedLogs:
    """How many logs were published again, and how many are nowhere any more."""

    replayed: int = 0
    lost: int = 0


def replay_stored_logs(context: CollectorContext, record: AttemptRecord) -> ReplayedLogs:
    """Publish the logs of an attempt in the ledger again, or that there is none.

    Raises what may pass.
    """
    counts = ReplayedLogs()
    for log in context.store.load_job_logs(record.key).values():
        if log.state != LOG_PENDING:
            _publish(context, record, _stored_result(context, log), counts)
    return counts


def replay_fetched_logs(
    context: CollectorContext, record: AttemptRecord, due: Sequence[JobLogRecord]
) -> ReplayedLogs:
    """Fetch and publish the logs of an attempt that has left the ledger. Raises what may pass."""
    ids = {log.job_id for log in due}
    jobs = tuple(map(due_log, record.jobs))
    work = LogWork(key=record.key, jobs=jobs, is_whole_attempt=True, tries=LONG_TRIES)
    owed = [job for job in jobs if job.job_id in ids]
    counts = ReplayedLogs()
    for result in fetch_logs(context.github, work, owed):
        if isinstance(result, LogFetched):
            _publish(context, record, result, counts)
        else:
            _publish(context, record, decide_retry(context, result, work), counts)
    return counts


def _publish(
    context: CollectorContext, record: AttemptRecord, result: LogResult, counts: ReplayedLogs
) -> None:
    quiet = replace(context, log_cache=None)
    if isinstance(result, LogNotReady):
        if isinstance(result.error, Retriable):
            raise result.error
        counts.lost += 1
        return
    if isinstance(result, LogUnavailable):
        deliver_absence(quiet, record.key, result, is_replayed=True)
    else:
        jobs = (job for job in record.jobs if job.job_id == result.job.job_id)
        steps = next((job.steps for job in jobs), ())
        with result.spool:
            deliver_log(quiet, record.key, with_steps(result, steps), is_replayed=True)
    counts.replayed += 1


def _stored_result(context: CollectorContext, log: JobLogRecord) -> LogResult:
    """Return a log from the first place that has it, or why there is none."""
    job = due_log(log)
    if log.state != LOG_FETCHED:
        return _absence(job, log)
    failures: list[IngestError] = []
    for fetch in _sources(context, log):
        result = spool_log(job, fetch)
        if isinstance(result, LogFetched):
            return result
        failures.append(
            result.error if isinstance(result, LogNotReady) else LogExpired(result.detail)
        )
    passing = (error for error in failures if isinstance(error, Retriable))
    return LogNotReady(job=job, error=next(passing, failures[-1]))


def _absence(job: DueLog, log: JobLogRecord) -> LogUnavailable:
    """Return the reason that was published, as its record holds it."""
    name, _, detail = (log.reason or "").partition(": ")
    reasons: dict[str, UnavailableReason] = {
        "never_existed": "never_existed",
        "expired": "expired",
    }
    return LogUnavailable(job=job, reason=reasons.get(name, "not_found"), detail=detail)


def _sources(context: CollectorContext, log: JobLogRecord) -> Iterator[Callable[[BinaryIO], None]]:
    """Yield the ways to a log: the cache, the bucket, GitHub."""
    cache = context.log_cache
    cached = None if cache is None else cache.load_content(log.key, log.job_id)
    if cached is not None:
        yield partial(_write, cached)
    reader = LogReader(
        github=context.github,
        store=context.store,
        blobs=context.blobs,
        clock=context.clock,
        counters=context.counters,
        log_cache=None,
    )
    yield from reader.sources(log, is_live=False)


def _write(chunks: Iterator[bytes], into: BinaryIO) -> None:
    into.writelines(chunks)
