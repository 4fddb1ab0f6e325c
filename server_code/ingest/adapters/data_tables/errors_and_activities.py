"""The lists of errors and of activities, bounded, in Data Tables."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from ...domain.codec import decode_dataclass
from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS, ActivityRecord, ErrorRecord
from ...domain.stored_records import body_of
from ...domain.stored_values import from_json, to_json
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

_Record = TypeVar("_Record", ErrorRecord, ActivityRecord)


@translate_errors
class TableErrorsAndActivities:
    """Errors and activities; each addition removes the oldest beyond the limit."""

    _error_cache: CachedRows[_Entry]
    _activity_cache: CachedRows[_Entry]

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MAX_ERRORS at most."""
        _add(ERRORS, record, maximum=MAX_ERRORS)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        newest = list(self._error_cache.load(ERRORS).values())[:limit]
        return [_decode(ErrorRecord, entry) for entry in newest]

    def remove_errors(self, errors: Collection[ErrorRecord]) -> int:
        """Delete these errors; return how many there were."""
        unwanted, rows = set(errors), ERRORS.search(columns=_COLUMNS)
        return ERRORS.delete(row for row in rows if _decode(ErrorRecord, _read(row)) in unwanted)

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MAX_ACTIVITIES at most."""
        _add(_ACTIVITIES, record, maximum=MAX_ACTIVITIES)

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
        newest = list(self._activity_cache.load(_ACTIVITIES).values())[:limit]
        return [_decode(ActivityRecord, entry) for entry in newest]


def entry_cache(maximum: int) -> CachedRows[_Entry]:
    """Make the cache of errors, or of activities."""
    newest: NewestRows[_Entry] = NewestRows(maximum, sort_key=lambda entry: entry[0])
    return CachedRows(
        _COLUMNS, _read, saved_at_column="occurred_at", verifies_count=True, newest=newest
    )


def _read(row: Any) -> _Entry:  # noqa: ANN401 - a row
    return str(row["key"]), as_utc(row["occurred_at"]), from_json(row["body"])


def _decode(kind: type[_Record], entry: _Entry) -> _Record:
    _, occurred_at, body = entry
    return decode_dataclass(kind, body, occurred_at=occurred_at)


def _add(table: Table, record: ErrorRecord | ActivityRecord, *, maximum: int) -> None:
    # Of two entries with the same time, the later addition is the newer one.
    key, body = sort_key(record.occurred_at, time.time_ns()), to_json(body_of(record))
    table.add_rows([{"key": key, "occurred_at": record.occurred_at, "body": body}])
    table.trim(maximum, order_by="key")
