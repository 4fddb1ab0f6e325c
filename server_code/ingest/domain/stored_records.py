"""Records as the bodies that state stores keep next to the columns they search by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .codec import decode_dataclass, encode_dataclass, upgrade_body
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

_T = TypeVar("_T")

_REPOSITORY = "repository"

#: The fields that processes without the lease change as well, and those by which a claim searches.
REPOSITORY_COLUMNS = (
    "full_name",
    "added_at",
    "paused",
    "next_poll_at",
    "last_polled_at",
    "lease_holder",
    "lease_until",
)

#: The fields of each record that stores keep in columns of their own. The columns of a ``key`` have
#: the name of the repository in lower case; the body has it as it is spelled.
_COLUMNS: Mapping[type, tuple[str, ...]] = {
    RepositoryRecord: REPOSITORY_COLUMNS,
    AttemptRecord: ("key", "created_at", "settled", "next_check_at"),
    JobLogRecord: ("key", "job_id", "state", "updated_at"),
    RunSummary: ("key", "created_at"),
    AgentRecord: ("heartbeat_at",),
    CollectionRecord: ("updated_at",),
    ErrorRecord: ("occurred_at",),
    ActivityRecord: ("occurred_at",),
}


def normalized_attempt_key(key: AttemptKey) -> tuple[str, int, int]:
    """Return repository, run and attempt, the repository as ``repository_key`` returns it."""
    return repository_key(key.repository), key.run_id, key.run_attempt


def body_of(record: object) -> dict[str, Any]:
    """Return a record without the fields that are columns."""
    body = encode_dataclass(record, without=_COLUMNS[type(record)])
    key = getattr(record, "key", None)
    return body if key is None else {_REPOSITORY: key.repository, **body}


def restore_record(kind: type[_T], body: Mapping[str, Any], columns: Mapping[str, Any]) -> _T:
    """Return the record of a body and the columns next to it."""
    return decode_dataclass(kind, upgrade_body(body), **columns)


def restore_record_of_attempt(
    kind: type[_T],
    run_id: int,
    run_attempt: int,
    body: Mapping[str, Any],
    columns: Mapping[str, Any],
) -> _T:
    """Return the record of a body that ``body_of`` wrote with the key of an attempt."""
    rest = upgrade_body(body)
    key = AttemptKey(rest.pop(_REPOSITORY), run_id, run_attempt)
    return decode_dataclass(kind, rest, key=key, **columns)
