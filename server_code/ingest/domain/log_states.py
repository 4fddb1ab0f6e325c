"""How the states of job logs follow each other."""

from __future__ import annotations

from collections.abc import Iterable

from .ledger import LOG_MISSING, LOG_PENDING, JobLogRecord
from .stored_records import normalized_attempt_key

JobLogId = tuple[str, int, int, int]

#: States that a log leaves once it was fetched or is given up, in their order.
WAITING_STATES = (LOG_PENDING, LOG_MISSING)


def job_log_id(record: JobLogRecord) -> JobLogId:
    """Return what identifies a log: repository key, run, attempt and job."""
    return (*normalized_attempt_key(record.key), record.job_id)


def may_replace(state: str, stored: str) -> bool:
    """Return whether a state may follow a stored one: what has ended never waits again."""
    if stored not in WAITING_STATES:
        return state not in WAITING_STATES
    return state not in WAITING_STATES[: WAITING_STATES.index(stored)]


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
