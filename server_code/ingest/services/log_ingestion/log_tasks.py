"""Work items as they are received: read whole, checked against the ledger, or rejected.

Only the ids of jobs are taken from an item. Their names, ends and tries are read from the ledger,
so that a forged item can neither rename a job nor end its tries. The item's end of a job is used
only if the ledger does not have it yet. A log is in the ledger before its work is sent, so unknown
work is rejected.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from ...domain.jobs import Job, Step
from ...domain.ledger import JobLogRecord
from ...domain.log_states import WAITING_STATES
from ...domain.runs import AttemptKey
from ...errors import IngestError, MalformedPayload
from ...messaging.log_work import LogWork, WorkItemJob, work_item_job
from ...messaging.log_work_parser import parse_log_work
from ...ports import ReceivedMessage
from ..context import LOG_INGESTION_AGENT, CollectorContext
from .log_results import LogNotReady
from .log_retries import is_backfill
from .visibility import VisibilityExtender

logger = logging.getLogger(__name__)

#: Work is sent before its attempt is recorded, so the ledger is read several times for its jobs.
LEDGER_READS = 4
LEDGER_PAUSE_SECONDS = 0.25


@dataclass(slots=True)
class LogTask:
    """A received work item, which of its logs are pending, and which did not arrive.

    ``records`` (of the pending logs) and ``jobs`` are the ledger's, by job id. ``result_count``
    counts the logs that were requested, whether they arrived or not.
    """

    message: ReceivedMessage
    work: LogWork
    pending: list[WorkItemJob]
    records: Mapping[int, JobLogRecord]
    not_ready: list[LogNotReady] = field(default_factory=list)
    jobs: dict[int, Job] = field(default_factory=dict)
    result_count: int = 0
    is_done: bool = False

    def fail(self, job: WorkItemJob, error: IngestError) -> None:
        """Add a log that could not be published."""
        self.not_ready.append(LogNotReady(job=job, error=error))

    @property
    def was_held_back(self) -> bool:
        """Return whether a limit or a known refusal kept a log from being requested."""
        return any(not log.error.counts_as_failure for log in self.not_ready)


def open_task(
    context: CollectorContext, message: ReceivedMessage, extender: VisibilityExtender
) -> LogTask | None:
    """Read a message and load what is still pending of it; None if it is rejected."""
    try:
        return _load_task(context, message)
    except MalformedPayload as error:
        extender.stop_extending(message)
        _reject(context, message, str(error))
        return None


def load_steps(context: CollectorContext, task: LogTask, job_id: int) -> tuple[Step, ...]:
    """Load the steps of a job; none if the ledger does not have the job."""
    job = _load_job(context, task, job_id)
    return job.steps if job else ()


def shows_no_runner(context: CollectorContext, task: LogTask, job_id: int) -> bool:
    """Return whether a job in the ledger shows that no runner has started it."""
    job = _load_job(context, task, job_id)
    return job is not None and job.shows_no_runner


def _load_job(context: CollectorContext, task: LogTask, job_id: int) -> Job | None:
    if job_id not in task.jobs:
        task.jobs = _load_jobs(context, task.work.key, {job_id})
    return task.jobs.get(job_id)


def _load_task(context: CollectorContext, message: ReceivedMessage) -> LogTask:
    item = parse_log_work(message.body)
    known = context.store.load_job_logs(item.key)
    unknown = [job.job_id for job in item.jobs if job.job_id not in known]
    if unknown:
        raise MalformedPayload(f"It names job {unknown[0]} of {item.key}, which is unknown.")
    # Missing logs wait for work items of their own: their few tries would count for pending ones.
    states = [known[job.job_id].state for job in item.jobs]
    due_state = next((state for state in WAITING_STATES if state in states), None)
    pending_ids = {job_id for job_id, log in known.items() if log.state == due_state}
    pending = [job for job in item.jobs if job.job_id in pending_ids]
    jobs: dict[int, Job] = {}
    if pending:
        wanted = {job.job_id for job in pending if item.is_whole_attempt or job.never_started}
        jobs = _load_jobs(context, item.key, wanted)
    jobs_of_item = tuple(
        _work_item_job(job, known[job.job_id], jobs.get(job.job_id)) for job in item.jobs
    )
    pending = [job for job in jobs_of_item if job.job_id in pending_ids]
    named = {job.job_id for job in jobs_of_item}
    return LogTask(
        message=message,
        work=replace(
            item,
            jobs=jobs_of_item,
            tries=min((known[job.job_id].tries for job in pending), default=0),
            is_backfill=is_backfill(pending, context.clock.now()),
            other_jobs=tuple(
                work_item_job(job) for job_id, job in jobs.items() if job_id not in named
            ),
        ),
        pending=pending,
        records={job.job_id: known[job.job_id] for job in pending},
        jobs=jobs,
    )


def _work_item_job(item: WorkItemJob, log: JobLogRecord, job: Job | None) -> WorkItemJob:
    """Return an item's job with the ledger's values, and the item's end if the ledger has none."""
    if job is None:
        return replace(work_item_job(log), completed_at=item.completed_at)
    return work_item_job(job if job.name == log.job_name else replace(job, name=log.job_name))


def _load_jobs(
    context: CollectorContext, key: AttemptKey, wanted: Collection[int]
) -> dict[int, Job]:
    """Load the jobs of an attempt, waiting a moment until the wanted ones are recorded."""
    jobs: dict[int, Job] = {}
    for reads in range(LEDGER_READS):
        if reads:
            context.clock.sleep(LEDGER_PAUSE_SECONDS)
        record = context.store.load_attempts(key.repository, [key.run_id]).get(key)
        jobs = {job.job_id: job for job in record.jobs} if record else {}
        if jobs.keys() >= set(wanted):
            break
    return jobs


def _reject(context: CollectorContext, message: ReceivedMessage, reason: str) -> None:
    """Move a message to the dead-letter queue; if that fails, the queue moves it later."""
    if message.receive_count in (None, 1):
        context.report_new_error(
            LOG_INGESTION_AGENT,
            None,
            f"A message on the job events queue was rejected: {reason}",
            "It is in the dead-letter queue. Check which other program sends to this queue, and "
            "that all collectors of these queues share one state (DATABASE_URL).",
        )
    try:
        context.job_events_queue.reject(message, reason=reason)
    except IngestError as error:
        logger.warning("message not moved to the dead letters", extra={"reason": str(error)})
