"""The lists of errors and of activities, bounded, in Data Tables."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from ...domain.codec import decode_dataclass
from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS, ActivityRecord, ErrorRecord
from ...domain.stored_records import body_of, error_identity
from ...domain.stored_values import from_json, repository_key, to_json
from .cached_rows import CachedRows, NewestRows
from .errors import translate_errors
from .seldom_changed import SeldomChangedTable
from .table import Table
from .values import as_utc, sort_key

ERRORS = SeldomChangedTable("errors")
_ACTIVITIES = Table("activities")

_COLUMNS = ("key", "occurred_at", "body")

#: An error or an activity: its key, by which it is sorted, its time and its body.
_Entry = tuple[str, datetime, dict[str, Any]]


@translate_errors
class TableJournal:
    """Errors and activities; each addition removes the oldest beyond the limit."""

    _error_cache: CachedRows[_Entry]
    _activity_cache: CachedRows[_Entry]

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MAX_ERRORS at most."""
        _add(ERRORS, record.occurred_at, body_of(record), maximum=MAX_ERRORS)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        found = list(self._error_cache.load(ERRORS).values())[:limit]
        return [decode_dataclass(ErrorRecord, body, occurred_at=at) for _, at, body in found]

    def remove_errors(self, *, agent: str, repository: str | None, message: str) -> int:
        """Delete every error of the same agent, repository and text; return how many."""
        key = None if repository is None else repository_key(repository)
        rows = ERRORS.search(columns=_COLUMNS)
        same = [
            row for row in rows if error_identity(from_json(row["body"])) == (agent, key, message)
        ]
        return ERRORS.delete(same)

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MAX_ACTIVITIES at most."""
        _add(_ACTIVITIES, record.occurred_at, body_of(record), maximum=MAX_ACTIVITIES)

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
        found = list(self._activity_cache.load(_ACTIVITIES).values())[:limit]
        return [decode_dataclass(ActivityRecord, body, occurred_at=at) for _, at, body in found]


def journal_cache(maximum: int) -> CachedRows[_Entry]:
    """Make the cache of errors, or of activities."""
    newest: NewestRows[_Entry] = NewestRows(maximum, sort_key=lambda entry: entry[0])
    return CachedRows(_COLUMNS, _read, saved_at="occurred_at", verifies_count=True, newest=newest)


def _read(row: Any) -> _Entry:  # noqa: ANN401 - a row
    return str(row["key"]), as_utc(row["occurred_at"]), from_json(row["body"])


def _add(table: Table, occurred_at: datetime, body: dict[str, Any], *, maximum: int) -> None:
    # Of two entries with the same time, the later addition is the newer one.
    key = sort_key(occurred_at, time.time_ns())
    table.add_rows([{"key": key, "occurred_at": occurred_at, "body": to_json(body)}])
    table.trim(maximum, order_by="key")
