"""Work items as they are received: read whole, checked against the ledger, or rejected."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from ..domain.jobs import Job, Step
from ..domain.ledger import LOG_PENDING
from ..errors import IngestError, MalformedPayload
from ..messaging.log_work import DueLog, LogWork
from ..messaging.log_work_parser import parse_log_work
from ..ports import ReceivedMessage
from .context import LOG_INGESTION_AGENT, CollectorContext
from .log_results import LogNotReady
from .visibility import VisibilityExtender

logger = logging.getLogger(__name__)

#: Work is published before the ledger is written: it may be received a moment too early.
UNKNOWN_PAUSES_SECONDS = (2, 30)
UNKNOWN_RECEIVES = len(UNKNOWN_PAUSES_SECONDS) + 1

#: For the same reason the ledger is read so often for the steps of a log that was fetched at once.
LEDGER_READS = 4
LEDGER_PAUSE_SECONDS = 0.25


@dataclass(slots=True)
class LogTask:
    """A received piece of work, what is still owed of it, and what did not arrive."""

    message: ReceivedMessage
    work: LogWork
    owed: list[DueLog]
    late: list[LogNotReady] = field(default_factory=list)
    jobs: dict[int, Job] = field(default_factory=dict)
    is_done: bool = False

    def fail(self, job: DueLog, error: IngestError) -> None:
        """Add a log that did not make it to its queue."""
        self.late.append(LogNotReady(job=job, error=error))


def open_task(
    context: CollectorContext, message: ReceivedMessage, extender: VisibilityExtender
) -> LogTask | None:
    """Read a message and load what is still owed of it; None where it is rejected or too early.

    Raises StateUnavailable.
    """
    try:
        work = parse_log_work(message.body)
        return LogTask(message=message, work=work, owed=_load_owed(context, work))
    except _UnknownWork as error:
        extender.release(message)
        received = message.receive_count or UNKNOWN_RECEIVES
        if received < UNKNOWN_RECEIVES:
            pause = UNKNOWN_PAUSES_SECONDS[received - 1]
            context.job_events.give_back(message, after_seconds=pause)
        else:
            _reject(context, message, str(error))
    except MalformedPayload as error:
        extender.release(message)
        _reject(context, message, str(error))
    return None


def load_steps(context: CollectorContext, task: LogTask, job_id: int) -> tuple[Step, ...]:
    """Load the steps of a job; none where the ledger does not know the job.

    A job's log may be here a moment before the job is in the ledger.
    """
    for reads in range(LEDGER_READS):
        if job_id in task.jobs:
            break
        if reads:
            context.clock.sleep(LEDGER_PAUSE_SECONDS)
        task.jobs = _load_jobs(context, task.work)
    return task.jobs[job_id].steps if job_id in task.jobs else ()


class _UnknownWork(MalformedPayload):
    """Work for a job that the ledger does not know."""


def _load_owed(context: CollectorContext, work: LogWork) -> list[DueLog]:
    """Load which of the logs are still pending; names are the ledger's, not the item's."""
    known = context.store.load_job_logs(work.key)
    unknown = [job.job_id for job in work.jobs if job.job_id not in known]
    if unknown:
        raise _UnknownWork(f"A work item names job {unknown[0]} of {work.key}, which is unknown.")
    owed = [
        replace(job, job_name=known[job.job_id].job_name)
        for job in work.jobs
        if known[job.job_id].state == LOG_PENDING
    ]
    if any(job.never_started for job in owed):
        jobs = _load_jobs(context, work)
        never_started = {job_id for job_id, job in jobs.items() if job.never_started}
        owed = [replace(job, never_started=job.job_id in never_started) for job in owed]
    return owed


def _load_jobs(context: CollectorContext, work: LogWork) -> dict[int, Job]:
    attempts = context.store.load_attempts(work.key.repository, [work.key.run_id])
    record = attempts.get(work.key)
    return {job.job_id: job for job in record.jobs} if record else {}


def _reject(context: CollectorContext, message: ReceivedMessage, reason: str) -> None:
    """Move a message to the dead letters; where that fails, the queue itself does it later."""
    if message.receive_count in (None, 1, UNKNOWN_RECEIVES):
        context.report_error(
            LOG_INGESTION_AGENT,
            None,
            f"A message on the job events queue was rejected: {reason}",
            "It is in the dead-letter queue. Check which other program sends to this queue.",
        )
    try:
        context.job_events.reject(message, reason=reason)
    except IngestError as error:
        logger.warning("message not moved to the dead letters", extra={"reason": str(error)})
