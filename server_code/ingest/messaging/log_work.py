"""Work for the Log Ingestion Agent, as it lies on the job events queue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..domain.jobs import Job
from ..domain.runs import AttemptKey
from ..domain.timestamps import format_timestamp, parse_timestamp
from ..errors import MalformedPayload
from .envelope import Envelope, QueueMessage, encode_envelope, event_id
from .run_events import run_group

JOB_LOG_DUE = "job_log_due"
ATTEMPT_LOGS_DUE = "attempt_logs_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLog:
    """Be one job whose log is due."""

    job_id: int
    job_name: str
    conclusion: str | None
    completed_at: datetime | None
    never_started: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWork:
    """Be one piece of work: one job's log, or all logs of an attempt.

    ``tries`` counts how often the log was asked for and was not there.
    """

    key: AttemptKey
    jobs: tuple[DueLog, ...]
    is_whole_attempt: bool
    tries: int


def job_log_due(
    key: AttemptKey, job: Job | DueLog, *, now: datetime, tries: int = 0, delay_seconds: int = 0
) -> QueueMessage:
    """Say that a job has ended and its log is due."""
    due = _due(job)
    data = {**_key_data(key), "tries": tries, **_due_data(due)}
    identity = event_id(JOB_LOG_DUE, *_key_data(key).values(), due.job_id, tries)
    envelope = _envelope(JOB_LOG_DUE, identity, key, data, now=now)
    return encode_envelope(envelope, delay_seconds=delay_seconds)


def attempt_logs_due(
    key: AttemptKey,
    jobs: Iterable[Job | DueLog],
    *,
    now: datetime,
    tries: int = 0,
    delay_seconds: int = 0,
) -> QueueMessage:
    """Say that an attempt has ended and its jobs' logs are due, all in one archive."""
    dues = [_due(job) for job in jobs]
    data = {**_key_data(key), "tries": tries, "jobs": [_due_data(due) for due in dues]}
    ids = sorted(due.job_id for due in dues)
    identity = event_id(ATTEMPT_LOGS_DUE, *_key_data(key).values(), *ids, tries)
    envelope = _envelope(ATTEMPT_LOGS_DUE, identity, key, data, now=now)
    return encode_envelope(envelope, delay_seconds=delay_seconds)


def parse_log_work(body: str) -> LogWork:
    """Read a piece of work; raises MalformedPayload for anything else."""
    try:
        envelope = json.loads(body)
        kind, data = envelope["event_type"], envelope["data"]
        if kind not in (JOB_LOG_DUE, ATTEMPT_LOGS_DUE):
            raise MalformedPayload(
                f"The job events queue holds a message of another kind: {str(kind)[:80]!r}."
            )
        return LogWork(
            key=AttemptKey(_text(data["repo"]), int(data["run_id"]), int(data["run_attempt"])),
            jobs=tuple(map(_parse_due, [data] if kind == JOB_LOG_DUE else data["jobs"])),
            is_whole_attempt=kind == ATTEMPT_LOGS_DUE,
            tries=int(data["tries"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise MalformedPayload(
            f"A message on the job events queue is not work of ours: {body[:200]!r}."
        ) from error


def _envelope(
    kind: str, identity: str, key: AttemptKey, data: dict[str, Any], *, now: datetime
) -> Envelope:
    return Envelope(
        event_type=kind,
        event_id=identity,
        repo=key.repository,
        group=run_group(key),
        timestamp=now,
        data=data,
    )


def _key_data(key: AttemptKey) -> dict[str, Any]:
    return {"repo": key.repository, "run_id": key.run_id, "run_attempt": key.run_attempt}


def _due(job: Job | DueLog) -> DueLog:
    if isinstance(job, DueLog):
        return job
    return DueLog(
        job_id=job.job_id,
        job_name=job.name,
        conclusion=job.conclusion,
        completed_at=job.completed_at,
        never_started=job.never_started,
    )


def _due_data(due: DueLog) -> dict[str, Any]:
    return {
        "job_id": due.job_id,
        "job_name": due.job_name,
        "conclusion": due.conclusion,
        "completed_at": format_timestamp(due.completed_at),
        "never_started": due.never_started,
    }


def _parse_due(data: Mapping[str, Any]) -> DueLog:
    return DueLog(
        job_id=int(data["job_id"]),
        job_name=_text(data["job_name"]),
        conclusion=None if data["conclusion"] is None else _text(data["conclusion"]),
        completed_at=parse_timestamp(data["completed_at"]),
        never_started=bool(data["never_started"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value
