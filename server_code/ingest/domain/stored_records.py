"""Records as the bodies that state stores keep next to the columns they search by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .codec import decode_dataclass, encode_dataclass, upgraded
from .collection_records import CollectionRecord
from .ledger import (
    ActivityRecord,
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    RepositoryRecord,
)
from .runs import AttemptKey
from .stored_values import repository_key
from .summaries import RunSummary

_REPOSITORY = "repository"
_ATTEMPT_COLUMNS = ("key", "created_at", "settled", "next_check_at")
_LOG_COLUMNS = ("key", "job_id", "state", "updated_at")
_SUMMARY_COLUMNS = ("key", "created_at")

#: The fields that others than the holder of a lease change, or that a claim searches.
REPOSITORY_COLUMNS = (
    "full_name",
    "added_at",
    "paused",
    "next_poll_at",
    "last_polled_at",
    "lease_holder",
    "lease_until",
)


def attempt_id(key: AttemptKey) -> tuple[str, int, int]:
    """Return a key in the form in which keys are compared."""
    return repository_key(key.repository), key.run_id, key.run_attempt


def attempt_body(record: AttemptRecord) -> dict[str, Any]:
    """Return an attempt without its numbers, created_at, settled and next_check_at."""
    return {
        _REPOSITORY: record.key.repository,
        **encode_dataclass(record, without=_ATTEMPT_COLUMNS),
    }


def restore_attempt(
    run_id: int, run_attempt: int, body: Mapping[str, Any], columns: Mapping[str, Any]
) -> AttemptRecord:
    """Return an attempt; ``columns`` are created_at, settled and next_check_at."""
    key, rest = _split(run_id, run_attempt, body)
    return decode_dataclass(AttemptRecord, rest, key=key, **columns)


def log_body(record: JobLogRecord) -> dict[str, Any]:
    """Return a log's state without its numbers, state and updated_at."""
    return {_REPOSITORY: record.key.repository, **encode_dataclass(record, without=_LOG_COLUMNS)}


def restore_log(
    run_id: int, run_attempt: int, body: Mapping[str, Any], columns: Mapping[str, Any]
) -> JobLogRecord:
    """Return a log's state; ``columns`` are job_id, state and updated_at."""
    key, rest = _split(run_id, run_attempt, body)
    return decode_dataclass(JobLogRecord, rest, key=key, **columns)


def summary_body(summary: RunSummary) -> dict[str, Any]:
    """Return a run's summary without its numbers and created_at."""
    return {
        _REPOSITORY: summary.key.repository,
        **encode_dataclass(summary, without=_SUMMARY_COLUMNS),
    }


def restore_summary(
    run_id: int, run_attempt: int, created_at: datetime, body: Mapping[str, Any]
) -> RunSummary:
    """Return a run's summary."""
    key, rest = _split(run_id, run_attempt, body)
    return decode_dataclass(RunSummary, rest, key=key, created_at=created_at)


def agent_body(record: AgentRecord) -> dict[str, Any]:
    """Return a heartbeat without heartbeat_at."""
    return encode_dataclass(record, without=("heartbeat_at",))


def restore_agent(heartbeat_at: datetime, body: Mapping[str, Any]) -> AgentRecord:
    """Return a heartbeat."""
    return decode_dataclass(AgentRecord, upgraded(body), heartbeat_at=heartbeat_at)


def collection_body(record: CollectionRecord) -> dict[str, Any]:
    """Return a manual collection without updated_at."""
    return encode_dataclass(record, without=("updated_at",))


def restore_collection(updated_at: datetime, body: Mapping[str, Any]) -> CollectionRecord:
    """Return a manual collection."""
    return decode_dataclass(CollectionRecord, upgraded(body), updated_at=updated_at)


def error_body(record: ErrorRecord) -> dict[str, Any]:
    """Return an error without occurred_at."""
    return encode_dataclass(record, without=("occurred_at",))


def error_identity(body: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """Return what equal errors have in common."""
    repository = body["repository"]
    key = None if repository is None else repository_key(repository)
    return body["agent"], key, body["what"]


def activity_body(record: ActivityRecord) -> dict[str, Any]:
    """Return an activity without occurred_at."""
    return encode_dataclass(record, without=("occurred_at",))


def repository_body(record: RepositoryRecord) -> dict[str, Any]:
    """Return a repository without the fields that are columns."""
    return encode_dataclass(record, without=REPOSITORY_COLUMNS)


def restore_repository(body: Mapping[str, Any], columns: Mapping[str, Any]) -> RepositoryRecord:
    """Return a repository."""
    return decode_dataclass(RepositoryRecord, upgraded(body), **columns)


def _split(
    run_id: int, run_attempt: int, body: Mapping[str, Any]
) -> tuple[AttemptKey, dict[str, Any]]:
    rest = upgraded(body)
    return AttemptKey(rest.pop(_REPOSITORY), run_id, run_attempt), rest
