"""Logs that are published as unavailable because GitHub has none, though their jobs ran.

After an outage it may have them hours later. So the logs of recent jobs are requested again for a
day, and published when they come.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.ledger import LOG_EXPIRED, LOG_MISSING, LOG_UNAVAILABLE, JobLogRecord
from ...errors import LogPending
from .log_results import LogNotReady, LogResult, LogUnavailable

#: A log is missing only if its job ended this recently; other logs are gone.
MAX_AGE = timedelta(days=1)

#: For how long a log is requested again after it was published as unavailable.
RECHECKED_FOR = timedelta(days=1)


def state_of_unavailable(log: LogUnavailable, now: datetime) -> str:
    """Return the state of a log that is published as unavailable."""
    if log.reason == "expired":
        return LOG_EXPIRED
    ended_at = log.job.completed_at
    is_recent = ended_at is not None and now - ended_at < MAX_AGE
    return LOG_MISSING if log.reason == "not_found" and is_recent else LOG_UNAVAILABLE


def is_still_missing(record: JobLogRecord, result: LogResult) -> bool:
    """Return whether GitHub still has no log that was published as unavailable before."""
    is_absent = isinstance(result, LogUnavailable) or (
        isinstance(result, LogNotReady) and isinstance(result.error, LogPending)
    )
    return record.state == LOG_MISSING and is_absent


def rechecked_log(record: JobLogRecord, now: datetime) -> JobLogRecord:
    """Return the record of a log that is still missing; after a day it is given up."""
    is_given_up = now - record.waits_since >= RECHECKED_FOR
    state = LOG_UNAVAILABLE if is_given_up else LOG_MISSING
    return replace(record, state=state, updated_at=now)
