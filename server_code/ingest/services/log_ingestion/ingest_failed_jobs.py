"""Ingesting the logs of jobs that failed, ahead of the work that was queued before them.

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
from ...errors import BackfillLimited, IngestError, OutOfMemory
from ...messaging.log_work import LogWork, WorkItemJob, is_archive_worthwhile, work_item_job
from ..context import LOG_INGESTION_AGENT, CollectorContext
from ..limits_in_force import LimitsInForce
from ..unexpected_errors import as_ingest_error
from ..urgent_errors import most_urgent
from .deliver_log import deliver_log
from .fetch_logs import fetch_logs
from .interleave import Finished, interleave
from .log_results import LogFetched, LogNotReady, LogResult, with_steps
from .log_retries import STOPPING_ERRORS, is_backfill
from .read_log import load_job_steps

#: How many failed jobs' logs one turn ingests; it then receives up to ten work items.
FAILED_JOBS_PER_TURN = 5

#: A log is ingested ahead of its work item once it has waited this long in the queue.
MIN_WAIT_IN_QUEUE = timedelta(minutes=1)


def ingest_logs_of_failed_jobs(
    context: CollectorContext, *, should_continue: Callable[[], bool] = lambda: True
) -> int:
    """Fetch and publish the logs of the jobs that failed last; return how many were taken.

    A log that does not arrive before ``should_continue`` returns False is left to its work item.
    Raises RateLimited, OutOfMemory, StateUnavailable.
    """
    taken = context.store.claim_logs_of_failed_jobs(
        updated_before=context.clock.now() - MIN_WAIT_IN_QUEUE, limit=FAILED_JOBS_PER_TURN
    )
    work_of = {work.key: (work, due) for work, due in _load_work(context, taken)}
    limits = LimitsInForce(context.clock)

    def fetch(key: AttemptKey) -> Iterator[LogResult]:
        work, due = work_of[key]
        return fetch_logs(context.github, work, due, limits)

    errors: list[IngestError] = []
    results = interleave(
        context.log_executor, list(work_of), fetch, should_continue=should_continue
    )
    with closing(results):
        for key, item in results:
            if isinstance(item, LogFetched):
                _publish(context, key, item)
            elif isinstance(item, LogNotReady) and not isinstance(item.error, BackfillLimited):
                errors.append(item.error)  # any other limit stops the work of the queue, too
            elif isinstance(item, Finished) and item.error is not None:
                errors.append(as_ingest_error(item.error, f"the logs of {key}"))
    if (stopped_by := most_urgent(errors, STOPPING_ERRORS)) is not None:
        context.save_credential_pauses()
        raise stopped_by
    return len(taken)


def _load_work(
    context: CollectorContext, taken: Sequence[JobLogRecord]
) -> Iterator[tuple[LogWork, list[WorkItemJob]]]:
    """Yield the work of each attempt, with the jobs whose logs are due.

    In economy mode all pending logs of an ended attempt are due, because one archive has them all.
    Its files are identified by the names of all jobs.
    """
    now = context.clock.now()
    for key in dict.fromkeys(log.key for log in taken):
        record = context.store.load_attempts(key.repository, [key.run_id]).get(key)
        if record is None:
            continue
        known = context.store.load_job_logs(key)
        pending = {job_id for job_id, log in known.items() if log.state == LOG_PENDING}
        failed = {log.job_id for log in taken if log.key == key}
        is_whole = context.settings.log_mode == "economy" and record.is_run_completed
        wanted = pending if is_whole else pending & failed
        jobs = tuple(map(work_item_job, record.jobs))
        due = [job for job in jobs if job.job_id in wanted and not job.never_started]
        if due:
            work = LogWork(
                key=key,
                jobs=jobs,
                is_whole_attempt=is_whole and is_archive_worthwhile(due, jobs, now=now),
                tries=0,
                is_backfill=is_backfill(due, now),
            )
            yield work, due


def _publish(context: CollectorContext, key: AttemptKey, log: LogFetched) -> None:
    """Publish a log and record it; a failure leaves it to its work item."""
    try:
        with log.spool:
            steps = load_job_steps(context.store, key, log.job.job_id)
            done = deliver_log(context, key, with_steps(log, steps))
        context.save_counts()
        context.store.save_job_logs([done])
    except Exception as raised:
        error = as_ingest_error(raised, f"job {log.job.job_id}")
        if isinstance(error, OutOfMemory):
            raise error from raised
        context.report_new_error(
            LOG_INGESTION_AGENT,
            key.repository,
            f"The log of job {log.job.job_id} of {key} was not published early: {error}",
            "No action is needed: Runstream tries it again later.",
        )
