"""The messages about runs and jobs: their types, and the ids of their facts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from ..domain.code_metrics import CommitMetrics
from ..domain.jobs import Job
from ..domain.runs import AttemptKey, WorkflowRun
from ..domain.timestamps import format_timestamp
from .attempt_envelope import attempt_envelope, attempt_fields
from .envelope import Envelope
from .run_data import RunDetails, job_data, run_data, step_data

_NOT_A_WORD = re.compile("[^a-z0-9_]+")

#: Queues bound the attributes of a message, of which its event type is one.
MAX_STATUS_CHARS = 100


def run_envelope(  # noqa: PLR0913 - what a message is made of
    run: WorkflowRun,
    jobs: Iterable[Job],
    commit: CommitMetrics | None,
    *,
    occurrence: int,
    now: datetime,
    details: RunDetails = RunDetails(),  # noqa: B008 - it is frozen
) -> Envelope:
    """Build an attempt's message. ``occurrence`` counts its earlier times in this status."""
    known = list(jobs)
    kind = f"workflow_run_{_word(run.status)}"
    mark = run_fingerprint(run, known) if run.is_completed else f"visit {occurrence}"
    data = run_data(run, known, commit, details)
    return attempt_envelope(kind, run.key, mark, now=now, data=data)


def job_envelope(key: AttemptKey, job: Job, *, now: datetime) -> Envelope:
    """Build the message of a job's status."""
    kind = f"workflow_job_{_word(job.status)}"
    mark = job_fingerprint(job) if job.is_completed else job.status
    data = {**attempt_fields(key), **job_data(job)}
    return attempt_envelope(kind, key, job.job_id, mark, now=now, data=data)


def run_fingerprint(run: WorkflowRun, jobs: Iterable[Job]) -> str:
    """Digest what makes an ended attempt a different fact: its outcome and its jobs.

    ``updated_at`` moves with nothing visible changed, pull requests close and names are edited;
    none of these makes a new fact.
    """
    return _digest(
        [
            run.status,
            run.conclusion,
            format_timestamp(run.run_started_at),
            sorted([job.job_id, job_fingerprint(job)] for job in jobs),
        ]
    )


# A job is compared with what was published of it, and its run too; the jobs of one attempt at once.
@lru_cache(maxsize=256)
def job_fingerprint(job: Job) -> str:
    """Digest what makes an ended job a different fact: its outcome, its times and its steps."""
    return _digest(
        [
            job.status,
            job.conclusion,
            format_timestamp(job.started_at),
            format_timestamp(job.completed_at),
            [step_data(step) for step in job.steps],
        ]
    )


def _word(status: str) -> str:
    """Make a status fit for an event type; GitHub may add statuses we have not met."""
    return _NOT_A_WORD.sub("_", status.lower()).strip("_")[:MAX_STATUS_CHARS] or "unknown"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
