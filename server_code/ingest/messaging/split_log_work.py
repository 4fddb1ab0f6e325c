"""Work items that are too large for their queue, split into smaller ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .encoding import QueueMessage
from .log_work import LogWork, WorkItemJob, job_work_message
from .log_work_parser import parse_log_work


def split_log_work(message: QueueMessage, *, max_bytes: int, now: datetime) -> list[QueueMessage]:
    """Return the message of a work item, or if it is too large, one message for each job.

    The name of a job is shortened as far as needed. The receiver finds the job by its id and takes
    its name from the ledger.
    """
    if message.size_bytes <= max_bytes:
        return [message]
    work = parse_log_work(message.body)
    return [_fit_job(work, job, message.delay_seconds, max_bytes, now) for job in work.jobs]


def _fit_job(
    work: LogWork, job: WorkItemJob, delay_seconds: int, max_bytes: int, now: datetime
) -> QueueMessage:
    while True:
        message = job_work_message(
            work.key, job, now=now, tries=work.tries, delay_seconds=delay_seconds
        )
        if message.size_bytes <= max_bytes or len(job.job_name) == 1:
            return message
        job = replace(job, job_name=job.job_name[: len(job.job_name) // 2])
