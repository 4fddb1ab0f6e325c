"""How the states of job logs follow each other."""

from __future__ import annotations

from collections.abc import Iterable

from .ledger import LOG_PENDING, JobLogRecord
from .stored_records import normalized_attempt_key

JobLogId = tuple[str, int, int, int]


def job_log_id(record: JobLogRecord) -> JobLogId:
    """Return what identifies a log: repository key, run, attempt and job."""
    return (*normalized_attempt_key(record.key), record.job_id)


def may_replace(state: str, stored: str) -> bool:
    """Return whether a state may follow a stored one: what has ended never becomes pending."""
    return state != LOG_PENDING or stored == LOG_PENDING


def newest_logs(records: Iterable[JobLogRecord]) -> dict[JobLogId, JobLogRecord]:
    """Return one record for each log, as if they had been saved one after another.

    The logs are ordered by their keys, so that two processes never wait for the rows of each other.
    """
    newest: dict[JobLogId, JobLogRecord] = {}
    for record in records:
        earlier = newest.get(job_log_id(record), record)
        if may_replace(record.state, earlier.state):
            newest[job_log_id(record)] = record
    return {key: newest[key] for key in sorted(newest)}
