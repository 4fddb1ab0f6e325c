"""The messages about runs and jobs: their event types and ids."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from ..domain.commits import Commit
from ..domain.jobs import Job
from ..domain.ledger import AttemptRecord
from ..domain.runs import AttemptKey, WorkflowRun
from ..domain.timestamps import format_timestamp
from .envelope import Envelope, attempt_envelope, attempt_fields
from .run_data import job_data, run_data, step_data

_NOT_A_WORD = re.compile("[^a-z0-9_]+")

#: Queues limit the attributes of a message, and the event type is one of them.
MAX_STATUS_CHARS = 100


def run_envelope(
    run: WorkflowRun,
    record: AttemptRecord,
    commit: Commit | None,
    *,
    occurrence: int,
    timestamp: datetime,
) -> Envelope:
    """Build an attempt's message. ``occurrence``: how often it had this status before."""
    event_type = f"workflow_run_{_type_suffix(run.status)}"
    is_end = run.is_completed
    identity = run_fingerprint(run, record.jobs) if is_end else f"visit {occurrence}"
    data = run_data(run, record, commit)
    return attempt_envelope(event_type, run.key, identity, timestamp=timestamp, data=data)


def job_envelope(key: AttemptKey, job: Job, *, timestamp: datetime) -> Envelope:
    """Build the message of a job's status."""
    event_type = f"workflow_job_{_type_suffix(job.status)}"
    identity = job_fingerprint(job) if job.is_completed else job.status
    data = {**attempt_fields(key), **job_data(job)}
    return attempt_envelope(event_type, key, job.job_id, identity, timestamp=timestamp, data=data)


def run_fingerprint(run: WorkflowRun, jobs: Iterable[Job]) -> str:
    """Hash what makes an ended attempt a new event if it changes: its outcome and its jobs.

    ``updated_at`` can change although nothing visible changed, pull requests are closed, and names
    are edited. None of these is a new event.
    """
    return _digest(
        [
            run.status,
            run.conclusion,
            format_timestamp(run.run_started_at),
            sorted([job.job_id, job_fingerprint(job)] for job in jobs),
        ]
    )


# Each job is hashed twice: for itself, and for its attempt.
@lru_cache(maxsize=256)
def job_fingerprint(job: Job) -> str:
    """Hash what makes an ended job a new event if it changes: its outcome, times and steps."""
    return _digest(
        [
            job.status,
            job.conclusion,
            format_timestamp(job.started_at),
            format_timestamp(job.completed_at),
            [step_data(step) for step in job.steps],
        ]
    )


def _type_suffix(status: str) -> str:
    """Return a status as the end of an event type; GitHub may add new statuses."""
    return _NOT_A_WORD.sub("_", status.lower()).strip("_")[:MAX_STATUS_CHARS] or "unknown"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
