"""Records as JSON objects and back: what state stores keep beside the columns they search by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import Field, fields
from datetime import datetime
from typing import Any

from .ledger import (
    ActivityRecord,
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    RepositoryRecord,
)
from .runs import AttemptKey
from .snapshots import restore_job, restore_run, snapshot
from .stored_values import read_optional_time, read_time, repository_key, write_time
from .summaries import RunSummary


def attempt_id(key: AttemptKey) -> tuple[str, int, int]:
    """Bring a key into the form in which keys are compared."""
    return repository_key(key.repository), key.run_id, key.run_attempt


def attempt_body(record: AttemptRecord) -> dict[str, Any]:
    """Lay an attempt out, but for its numbers, created_at, settled and look_at."""
    return {
        "repository": record.key.repository,
        "run": None if record.run is None else snapshot(record.run),
        "jobs": [snapshot(job) for job in record.jobs],
        "published_jobs": dict(record.published_jobs),
        "published_statuses": record.published_statuses,
        "fingerprint": record.fingerprint,
        "run_validator": record.run_validator,
        "jobs_validator": record.jobs_validator,
        "has_all_jobs": record.has_all_jobs,
        "failures": record.failures,
    }


def restore_attempt(
    run_id: int, run_attempt: int, body: dict[str, Any], columns: Mapping[str, Any]
) -> AttemptRecord:
    """Rebuild an attempt; ``columns`` are created_at, settled and look_at."""
    run = body["run"]
    return AttemptRecord(
        key=AttemptKey(body["repository"], run_id, run_attempt),
        run=None if run is None else restore_run(run),
        jobs=tuple(restore_job(job) for job in body["jobs"]),
        published_jobs=body["published_jobs"],
        published_statuses=tuple(body["published_statuses"]),
        fingerprint=body["fingerprint"],
        run_validator=body["run_validator"],
        jobs_validator=body["jobs_validator"],
        has_all_jobs=body.get("has_all_jobs", False),
        failures=body["failures"],
        **columns,
    )


def log_body(record: JobLogRecord) -> dict[str, Any]:
    """Lay a log's state out, but for its numbers, state and updated_at."""
    return {
        "repository": record.key.repository,
        "job_name": record.job_name,
        "reason": record.reason,
        "log_bytes": record.log_bytes,
        "log_sha256": record.log_sha256,
        "blob_bucket": record.blob_bucket,
        "blob_key": record.blob_key,
    }


def restore_log(
    run_id: int, run_attempt: int, body: dict[str, Any], columns: Mapping[str, Any]
) -> JobLogRecord:
    """Rebuild a log's state; ``columns`` are job_id, state and updated_at."""
    stored = dict(body)
    key = AttemptKey(stored.pop("repository"), run_id, run_attempt)
    return JobLogRecord(key=key, **stored, **columns)


def summary_body(summary: RunSummary) -> dict[str, Any]:
    """Lay a run's line out, but for its numbers and created_at."""
    values = {field.name: getattr(summary, field.name) for field in fields(summary)}
    return {
        "repository": summary.key.repository,
        **{
            name: write_time(value) if isinstance(value, datetime) else value
            for name, value in values.items()
            if name not in ("key", "created_at")
        },
    }


def restore_summary(
    run_id: int, run_attempt: int, created_at: datetime, body: dict[str, Any]
) -> RunSummary:
    """Rebuild a run's line."""
    stored = dict(body)
    return RunSummary(
        key=AttemptKey(stored.pop("repository"), run_id, run_attempt),
        created_at=created_at,
        run_started_at=read_optional_time(stored.pop("run_started_at")),
        completed_at=read_optional_time(stored.pop("completed_at")),
        **stored,
    )


def agent_body(record: AgentRecord) -> dict[str, Any]:
    """Lay a sign of life out, but for heartbeat_at."""
    return {
        "name": record.name,
        "holder": record.holder,
        "state": record.state,
        "started_at": write_time(record.started_at),
        "counts": dict(record.counts),
        "rate_limit": dict(record.rate_limit),
        "note": record.note,
    }


def restore_agent(heartbeat_at: datetime, body: dict[str, Any]) -> AgentRecord:
    """Rebuild a sign of life."""
    stored = dict(body)
    started_at = read_time(stored.pop("started_at"))
    return AgentRecord(heartbeat_at=heartbeat_at, started_at=started_at, **stored)


def error_body(record: ErrorRecord) -> dict[str, Any]:
    """Lay an error out, but for occurred_at."""
    return {
        "agent": record.agent,
        "repository": record.repository,
        "what": record.what,
        "remedy": record.remedy,
    }


def error_identity(body: dict[str, Any]) -> tuple[str, str | None, str]:
    """Say by what errors are the same."""
    repository = body["repository"]
    key = None if repository is None else repository_key(repository)
    return body["agent"], key, body["what"]


def activity_body(record: ActivityRecord) -> dict[str, Any]:
    """Lay an activity out, but for occurred_at."""
    return {"actor": record.actor, "repository": record.repository, "what": record.what}


def repository_body(record: RepositoryRecord, *, without: Collection[str]) -> dict[str, Any]:
    """Lay a repository out, but for the fields that are columns."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {
        name: write_time(value) if isinstance(value, datetime) else value
        for name, value in values.items()
        if name not in without
    }


def restore_repository(body: Mapping[str, Any], columns: Mapping[str, Any]) -> RepositoryRecord:
    """Rebuild a repository; a field that one version knows and the other not has its default."""
    known = {field.name: field for field in fields(RepositoryRecord)}
    stored: dict[str, Any] = {
        name: read_time(value) if value and _is_time(known[name]) else value
        for name, value in body.items()
        if name in known
    }
    return RepositoryRecord(**stored, **columns)


def _is_time(field: Field[Any]) -> bool:
    return "datetime" in str(field.type)
