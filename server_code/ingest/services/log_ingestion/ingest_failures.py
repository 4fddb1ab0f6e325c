"""Logs of the latest failures, before the work that waits in front of them in the queue.

A backfill fills the queue for hours. So each turn of the agent takes at most a few logs of failed
jobs out of the state, and then a batch of the queue: neither waits for the other. Their work items
stay in the queue, and find later that nothing is left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta

from ...domain.ledger import LOG_PENDING, JobLogRecord
from ...domain.runs import AttemptKey
from ...errors import BulkLimited, IngestError, MemoryRefused, RateLimited
from ...messaging.log_work import DueLog, LogWork, due_log, is_archive_worthwhile
from ..context import LOG_INGESTION_AGENT, CollectorContext
from ..limits_in_force import LimitsInForce
from .deliver_log import deliver_log
from .fetch_logs import fetch_logs
from .interleave import Finished, interleave
from .log_results import LogFetched, LogNotReady, LogResult, with_steps
from .log_retries import is_live

#: The logs of failures in each turn, which also takes ten items of the queue.
FAILURES_PER_TURN = 5

#: The queue has this time first: only what waits longer is taken before its turn.
QUEUE_TIME = timedelta(minutes=1)


def ingest_failed_logs(
    context: CollectorContext, *, should_continue: Callable[[], bool] = lambda: True
) -> int:
    """Fetch and publish logs of the latest failures; return how many were taken.

    What does not arrive, or not before ``should_continue`` returns False, is left to its work
    item. Raises RateLimited, MemoryRefused, StateUnavailable.
    """
    taken = context.store.claim_failed_logs(
        updated_before=context.clock.now() - QUEUE_TIME, limit=FAILURES_PER_TURN
    )
    works = {work.key: (work, due) for work, due in _works(context, taken)}
    limits = LimitsInForce(context.clock)

    def fetch(key: AttemptKey) -> Iterator[LogResult]:
        work, due = works[key]
        return fetch_logs(context.github, work, due, limits)

    obstacle: RateLimited | MemoryRefused | None = None
    results = interleave(context.log_workers, list(works), fetch, should_continue=should_continue)
    with closing(results):
        for key, item in results:
            if isinstance(item, LogFetched):
                _publish(context, key, item)
            elif isinstance(item, LogNotReady):
                obstacle = _obstacle(item.error) or obstacle
            elif isinstance(item, Finished) and item.error is not None:
                raise item.error
    if obstacle is not None:
        context.share_pauses()
        raise obstacle
    return len(taken)


def _obstacle(error: IngestError) -> RateLimited | MemoryRefused | None:
    """Return an error that holds for the queue's work as well: not what holds a backfill back."""
    if isinstance(error, BulkLimited):
        return None
    return error if isinstance(error, (RateLimited, MemoryRefused)) else None


def _works(
    context: CollectorContext, taken: Sequence[JobLogRecord]
) -> Iterator[tuple[LogWork, list[DueLog]]]:
    """Yield the work of each attempt and what is pending of it.

    In economy mode these are all logs of an ended one, in one archive, whose files are identified
    by the names of all jobs.
    """
    now = context.clock.now()
    for key in dict.fromkeys(log.key for log in taken):
        record = context.store.load_attempts(key.repository, [key.run_id]).get(key)
        if record is None:
            continue
        known = context.store.load_job_logs(key)
        pending = {job_id for job_id, log in known.items() if log.state == LOG_PENDING}
        failed = {log.job_id for log in taken if log.key == key}
        is_whole = (
            context.settings.log_mode == "economy"
            and record.run is not None
            and record.run.is_completed
        )
        wanted = pending if is_whole else pending & failed
        jobs = tuple(map(due_log, record.jobs))
        due = [job for job in jobs if job.job_id in wanted and not job.never_started]
        if due:
            work = LogWork(
                key=key,
                jobs=jobs,
                is_whole_attempt=is_whole and is_archive_worthwhile(due, jobs, now=now),
                tries=0,
                is_live=is_live(due, now),
            )
            yield work, due


def _publish(context: CollectorContext, key: AttemptKey, log: LogFetched) -> None:
    """Publish a log and record it; a failure leaves it to its work item."""
    try:
        record = context.store.load_attempts(key.repository, [key.run_id]).get(key)
        jobs = record.jobs if record else ()
        steps = next((job.steps for job in jobs if job.job_id == log.job.job_id), ())
        with log.spool:
            done = deliver_log(context, key, with_steps(log, steps))
        context.save_counts()
        context.store.save_job_logs([done])
    except IngestError as error:
        context.report_error(
            LOG_INGESTION_AGENT,
            key.repository,
            f"The log of job {log.job.job_id} of {key} was not published early: {error}",
            "No action is needed: Runstream tries it again later.",
        )
