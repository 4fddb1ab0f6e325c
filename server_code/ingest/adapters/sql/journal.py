"""The lists of errors and of activities, bounded, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ...domain.codec import decode_dataclass
from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS, ActivityRecord, ErrorRecord
from ...domain.stored_records import body_of, error_identity
from ...domain.stored_values import format_time, from_json, parse_time, repository_key, to_json
from .database import SqlStore
from .session import Session

_ERRORS, _ACTIVITIES = "errors", "activities"

_ADD = "INSERT INTO {} (occurred_at, record) VALUES (...)"
_LIST = "SELECT occurred_at, record FROM {} ORDER BY occurred_at DESC, id DESC LIMIT ?"
#: SQLite has no OFFSET without a LIMIT.
_TRIM = """
    DELETE FROM {} WHERE id IN (
        SELECT id FROM {} ORDER BY occurred_at DESC, id DESC LIMIT 1000000 OFFSET ?
    )
"""


class SqlJournal(SqlStore):
    """Errors and activities; each addition removes the oldest beyond the limit."""

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MAX_ERRORS at most."""
        self._add(_ERRORS, record.occurred_at, body_of(record), maximum=MAX_ERRORS)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        found = self._list(_ERRORS, limit)
        return [decode_dataclass(ErrorRecord, body, occurred_at=at) for at, body in found]

    def remove_errors(self, *, agent: str, repository: str | None, message: str) -> int:
        """Delete every error of the same agent, repository and text; return how many."""
        key = None if repository is None else repository_key(repository)
        wanted = (agent, key, message)

        def remove(session: Session) -> int:
            # So few are kept that reading all is faster than maintaining an index.
            rows = session.query("SELECT id, record FROM errors")
            same = [number for number, body in rows if error_identity(from_json(body)) == wanted]
            return session.execute_in_chunks("DELETE FROM errors WHERE id IN (...)", same)

        return self._database.write(remove)

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MAX_ACTIVITIES at most."""
        self._add(_ACTIVITIES, record.occurred_at, body_of(record), maximum=MAX_ACTIVITIES)

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
        found = self._list(_ACTIVITIES, limit)
        return [decode_dataclass(ActivityRecord, body, occurred_at=at) for at, body in found]

    def _add(
        self, table: str, occurred_at: datetime, body: dict[str, Any], *, maximum: int
    ) -> None:
        def add(session: Session) -> None:
            session.insert(_ADD.format(table), [(format_time(occurred_at), to_json(body))])
            session.execute(_TRIM.format(table, table), (maximum,))

        self._database.write(add)

    def _list(self, table: str, limit: int) -> list[tuple[datetime, dict[str, Any]]]:
        rows = self._database.read(_LIST.format(table), (max(0, limit),))
        return [(parse_time(at), from_json(body)) for at, body in rows]
