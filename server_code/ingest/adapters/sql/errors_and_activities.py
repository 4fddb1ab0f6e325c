"""The lists of errors and of activities, bounded, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from ...domain.codec import decode_dataclass
from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS, ActivityRecord, ErrorRecord
from ...domain.stored_records import body_of
from ...domain.stored_values import format_time, from_json, parse_time, to_json
from .database import SqlStore
from .session import Session

_Record = TypeVar("_Record", ErrorRecord, ActivityRecord)

_ERRORS, _ACTIVITIES = "errors", "activities"

#: ``Session.insert`` replaces (...) by the values of the rows.
_ADD = "INSERT INTO {} (occurred_at, record) VALUES (...)"
_LIST = "SELECT occurred_at, record FROM {} ORDER BY occurred_at DESC, id DESC LIMIT ?"
#: SQLite has no OFFSET without a LIMIT.
_TRIM = """
    DELETE FROM {} WHERE id IN (
        SELECT id FROM {} ORDER BY occurred_at DESC, id DESC LIMIT 1000000 OFFSET ?
    )
"""


class SqlErrorsAndActivities(SqlStore):
    """Errors and activities; each addition removes the oldest beyond the limit."""

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MAX_ERRORS at most."""
        self._add(_ERRORS, record, maximum=MAX_ERRORS)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        return self._list(_ERRORS, ErrorRecord, limit)

    def remove_errors(self, errors: Collection[ErrorRecord]) -> int:
        """Delete these errors; return how many there were."""
        removed = set(errors)

        def remove(session: Session) -> int:
            # So few are kept that reading all is faster than maintaining an index.
            rows = session.query("SELECT id, occurred_at, record FROM errors")
            ids = [each for each, *row in rows if _decode(ErrorRecord, *row) in removed]
            return session.execute_in_chunks("DELETE FROM errors WHERE id IN (...)", ids)

        return self._database.write(remove)

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MAX_ACTIVITIES at most."""
        self._add(_ACTIVITIES, record, maximum=MAX_ACTIVITIES)

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
        return self._list(_ACTIVITIES, ActivityRecord, limit)

    def _add(self, table: str, record: ErrorRecord | ActivityRecord, *, maximum: int) -> None:
        row = (format_time(record.occurred_at), to_json(body_of(record)))

        def add(session: Session) -> None:
            session.insert(_ADD.format(table), [row])
            session.execute(_TRIM.format(table, table), (maximum,))

        self._database.write(add)

    def _list(self, table: str, kind: type[_Record], limit: int) -> list[_Record]:
        rows = self._database.read(_LIST.format(table), (max(0, limit),))
        return [_decode(kind, *row) for row in rows]


def _decode(kind: type[_Record], occurred_at: str, body: str) -> _Record:
    return decode_dataclass(kind, from_json(body), occurred_at=parse_time(occurred_at))
