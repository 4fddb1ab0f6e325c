"""What went wrong, and what people did, in Data Tables and bounded."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from ...domain.codec import decode
from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS, ActivityRecord, ErrorRecord
from ...domain.stored_records import activity_body, error_body, error_identity
from ...domain.stored_values import from_json, repository_key, to_json
from .errors import translate_errors
from .kept_rows import KeptRows, Newest
from .rows import Rows
from .values import age_key, as_utc

_ERRORS = Rows("errors")
_ACTIVITIES = Rows("activities")

_COLUMNS = ("key", "occurred_at", "body")

#: An error or an activity with what orders it.
_Aged = tuple[str, datetime, dict[str, Any]]


@translate_errors
class TableJournal:
    """Errors and activities; each addition removes the oldest beyond the limit."""

    _kept_errors: KeptRows[_Aged]
    _kept_activities: KeptRows[_Aged]

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MAX_ERRORS at most."""
        _add(_ERRORS, record.occurred_at, error_body(record), maximum=MAX_ERRORS)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        found = self._kept_errors.load(_ERRORS).values()
        return [decode(ErrorRecord, body, occurred_at=at) for _, at, body in found][:limit]

    def remove_errors(self, *, agent: str, repository: str | None, what: str) -> int:
        """Delete every error with the same text and repository; return how many they were."""
        key = None if repository is None else repository_key(repository)
        rows = _ERRORS.search(columns=_COLUMNS)
        same = [row for row in rows if error_identity(from_json(row["body"])) == (agent, key, what)]
        return _ERRORS.delete(same)

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MAX_ACTIVITIES at most."""
        _add(_ACTIVITIES, record.occurred_at, activity_body(record), maximum=MAX_ACTIVITIES)

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
        found = self._kept_activities.load(_ACTIVITIES).values()
        return [decode(ActivityRecord, body, occurred_at=at) for _, at, body in found][:limit]


def keep_journal(maximum: int) -> KeptRows[_Aged]:
    """Keep the errors, or the activities, that a process reads for its pages."""
    newest = Newest(maximum, order=_age)
    return KeptRows(_COLUMNS, _read, saved_at="occurred_at", is_counted=True, newest=newest)


def _age(aged: _Aged) -> str:
    return aged[0]


def _read(row: Any) -> _Aged:  # noqa: ANN401 - a row
    return str(row["key"]), as_utc(row["occurred_at"]), from_json(row["body"])


def _add(rows: Rows, occurred_at: datetime, body: dict[str, Any], *, maximum: int) -> None:
    # Of two of one moment the one that was added later is the newer.
    key = age_key(occurred_at, time.time_ns())
    rows.add([{"key": key, "occurred_at": occurred_at, "body": to_json(body)}])
    rows.trim(maximum, order_by="key")
