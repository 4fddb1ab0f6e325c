"""Fitting work for logs to its queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .encoding import QueueMessage
from .log_work import DueLog, LogWork, job_log_due
from .log_work_parser import parse_log_work


def fit_log_work(message: QueueMessage, *, max_bytes: int, now: datetime) -> list[QueueMessage]:
    """Return a work item in messages that fit: each job alone, and the beginning of its name.

    The job is found by its number, and its log by the name that the ledger has.
    """
    if message.size_bytes <= max_bytes:
        return [message]
    work = parse_log_work(message.body)
    return [_fit_job(work, job, message.delay_seconds, max_bytes, now) for job in work.jobs]


def _fit_job(
    work: LogWork, job: DueLog, delay_seconds: int, max_bytes: int, now: datetime
) -> QueueMessage:
    while True:
        message = job_log_due(work.key, job, now=now, tries=work.tries, delay_seconds=delay_seconds)
        if message.size_bytes <= max_bytes or len(job.job_name) == 1:
            return message
        job = replace(job, job_name=job.job_name[: len(job.job_name) // 2])
