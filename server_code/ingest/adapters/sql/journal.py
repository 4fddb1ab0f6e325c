"""What went wrong, and what people did, in SQL and bounded."""

from __future__ import annotations

from ...domain.codec import decode
from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS, ActivityRecord, ErrorRecord
from ...domain.stored_records import activity_body, error_body, error_identity
from ...domain.stored_values import read_json, read_time, repository_key, write_json, write_time
from .database import Database
from .session import Session

_ADD_ERROR = "INSERT INTO errors (occurred_at, record) VALUES (...)"
_LIST_ERRORS = "SELECT occurred_at, record FROM errors ORDER BY occurred_at DESC, id DESC LIMIT ?"
#: SQLite knows no OFFSET without a LIMIT.
_TRIM_ERRORS = """
    DELETE FROM errors WHERE id IN (
        SELECT id FROM errors ORDER BY occurred_at DESC, id DESC LIMIT 1000000 OFFSET ?
    )
"""
_ADD_ACTIVITY = "INSERT INTO activities (occurred_at, record) VALUES (...)"
_LIST_ACTIVITIES = """
    SELECT occurred_at, record FROM activities ORDER BY occurred_at DESC, id DESC LIMIT ?
"""
_TRIM_ACTIVITIES = """
    DELETE FROM activities WHERE id IN (
        SELECT id FROM activities ORDER BY occurred_at DESC, id DESC LIMIT 1000000 OFFSET ?
    )
"""


class SqlJournal:
    """Errors and activities; each addition removes the oldest beyond the limit."""

    _database: Database

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MAX_ERRORS at most."""
        row = (write_time(record.occurred_at), write_json(error_body(record)))

        def add(session: Session) -> None:
            session.insert(_ADD_ERROR, [row])
            session.execute(_TRIM_ERRORS, (MAX_ERRORS,))

        self._database.write(add)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        rows = self._database.read(_LIST_ERRORS, (max(0, limit),))
        return [
            decode(ErrorRecord, read_json(body), occurred_at=read_time(at)) for at, body in rows
        ]

    def remove_errors(self, *, agent: str, repository: str | None, what: str) -> int:
        """Delete every error with the same text and repository; return how many they were."""
        key = None if repository is None else repository_key(repository)
        wanted = (agent, key, what)

        def remove(session: Session) -> int:
            # So few are kept that to look through them is quicker than to keep an index.
            rows = session.query("SELECT id, record FROM errors")
            same = [number for number, body in rows if error_identity(read_json(body)) == wanted]
            return session.execute_each("DELETE FROM errors WHERE id IN (...)", (), same)

        return self._database.write(remove)

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MAX_ACTIVITIES at most."""
        row = (write_time(record.occurred_at), write_json(activity_body(record)))

        def add(session: Session) -> None:
            session.insert(_ADD_ACTIVITY, [row])
            session.execute(_TRIM_ACTIVITIES, (MAX_ACTIVITIES,))

        self._database.write(add)

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
        rows = self._database.read(_LIST_ACTIVITIES, (max(0, limit),))
        return [
            decode(ActivityRecord, read_json(body), occurred_at=read_time(at)) for at, body in rows
        ]
