"""Watched repositories in SQL; in PostgreSQL, a claim skips rows that another claim locks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from ...domain.due import MAX_CLOCK_DIFFERENCE, due_poll_times, expired_lease_times, urgent_due_at
from ...domain.ledger import RepositoryRecord
from ...domain.stored_records import body_of, restore_record
from ...domain.stored_values import (
    due_query_bounds,
    format_optional_time,
    format_time,
    from_json,
    parse_optional_time,
    parse_time,
    repository_key,
    to_json,
)
from ...ports import RepositoryStore
from .database import SqlStore
from .decoded_rows import DecodedRows
from .session import Row, Session

_COLUMNS = (
    "full_name, added_at, paused, next_poll_at, last_polled_at, lease_holder, lease_until, progress"
)
_SELECT = f"SELECT {_COLUMNS} FROM repositories "  # noqa: S608
#: A repository that has no next poll is due: it is new, or its holder died before it was released.
#: A time that is too far ahead counts as past: a clock that was ahead set it.
_SELECT_DUE = f"""
    SELECT COALESCE(next_poll_at, lease_until, added_at), {_COLUMNS} FROM repositories
    WHERE name_key = ? AND paused = 0
      AND (next_poll_at IS NULL OR next_poll_at <= ? OR next_poll_at > ? OR last_polled_at > ?)
      AND (lease_until IS NULL OR lease_until <= ? OR lease_until > ?)
"""  # noqa: S608
_SELECT_UNLEASED_KEYS = """
    SELECT COALESCE(next_poll_at, lease_until, added_at), name_key FROM repositories
    WHERE paused = 0 AND (lease_until IS NULL OR lease_until <= ? OR lease_until > ?)
"""
#: All that are due, the longest first: a UNION of queries, each of which an index answers.
_SELECT_DUE_KEYS = (
    "UNION".join(
        _SELECT_UNLEASED_KEYS + f"AND {condition} "
        for condition in (
            "next_poll_at IS NULL",
            "next_poll_at <= ?",
            "next_poll_at > ?",
            "last_polled_at > ?",
        )
    )
    + "ORDER BY 1, 2"
)

_ADD = """
    INSERT INTO repositories (name_key, full_name, added_at, paused, next_poll_at, last_polled_at,
                              lease_holder, lease_until, progress)
    VALUES (...)
    ON CONFLICT (name_key) DO NOTHING
"""
_SAVE_HELD = """
    UPDATE repositories
    SET full_name = ?, added_at = ?, last_polled_at = ?, progress = ?, {}
    WHERE name_key = ? AND lease_holder = ?
"""
_RENEW = _SAVE_HELD.format("lease_until = ?")
_RELEASE = _SAVE_HELD.format(
    "lease_holder = NULL, lease_until = NULL, next_poll_at = COALESCE(next_poll_at, ?)"
)
_LEASE = """
    UPDATE repositories SET lease_holder = ?, lease_until = ?, next_poll_at = NULL
    WHERE name_key = ?
"""
#: A resumed repository is due since its last poll, which is past by the clock of every process.
_RESUME = """
    UPDATE repositories SET paused = 0, next_poll_at = COALESCE(last_polled_at, added_at)
    WHERE name_key = ? AND paused = 1
"""
MAKE_DUE = """
    UPDATE repositories
    SET next_poll_at = CASE WHEN next_poll_at < ? THEN next_poll_at ELSE ? END
    WHERE name_key = ?
"""


class SqlRepositories(SqlStore, RepositoryStore):
    """The watched repositories; a lease is held by the name of its holder."""

    _decoded_repositories: DecodedRows[RepositoryRecord]

    def add_repository(self, record: RepositoryRecord) -> RepositoryRecord:
        """Add a repository unless it is there; return the stored one."""
        self._database.write(lambda session: session.insert(_ADD, [_row(record)]))
        return self.load_repository(record.full_name) or record

    def remove_repository(self, full_name: str) -> None:
        """Stop watching; the ledger keeps what was collected."""
        self._change("DELETE FROM repositories WHERE name_key = ?", repository_key(full_name))

    def load_repository(self, full_name: str) -> RepositoryRecord | None:
        """Load one repository."""
        key = repository_key(full_name)
        rows = self._database.read(_SELECT + "WHERE name_key = ?", (key,))
        return repository_record(rows[0]) if rows else None

    def list_repositories(self) -> list[RepositoryRecord]:
        """List all, by name."""
        rows = self._database.read(_SELECT + "ORDER BY name_key")
        return self._decoded_repositories.decode_all(rows)

    def set_paused(self, full_name: str, *, paused: bool) -> None:
        """Pause or resume a repository; resuming makes it due, also while it is leased."""
        pause = "UPDATE repositories SET paused = 1 WHERE name_key = ?"
        self._change(pause if paused else _RESUME, repository_key(full_name))

    def make_due(self, full_name: str, *, now: datetime) -> bool:
        """Make a repository due before all others; False if it is not watched."""
        moment = format_time(urgent_due_at(now))
        return self._change(MAKE_DUE, moment, moment, repository_key(full_name)) == 1

    def list_due_before(self, moment: datetime) -> list[str]:
        """List unpaused repositories with a ``next_poll_at`` up to a moment, leased or not."""
        sql = "SELECT full_name FROM repositories WHERE paused = 0 AND next_poll_at <= ?"
        rows = self._database.read(sql, (format_time(moment),))
        return [full_name for (full_name,) in rows]

    def claim_repository(
        self,
        *,
        holder: str,
        now: datetime,
        lease_seconds: int,
        only: Collection[str] | None = None,
    ) -> RepositoryRecord | None:
        """Lease the most overdue repository that no other process is claiming.

        A query finds the due keys first, and no transaction begins if there are none, as usual.
        """
        due_keys = self._find_due(now, only)
        until = now + timedelta(seconds=lease_seconds)

        def claim(session: Session) -> RepositoryRecord | None:
            select = _SELECT_DUE + session.dialect.skip_locked
            for key in due_keys:
                for since, *row in session.query(select, (key, *_due_parameters(now))):
                    session.execute(_LEASE, (holder, format_time(until), key))
                    return replace(
                        repository_record(tuple(row)),
                        next_poll_at=parse_time(since),
                        lease_holder=holder,
                        lease_until=until,
                    )
            return None

        return self._database.write(claim) if due_keys else None

    def save_progress(
        self, record: RepositoryRecord, *, holder: str, lease_until: datetime
    ) -> bool:
        """Save everything but pause and next poll, and renew the lease; False if it was lost."""
        return self._save_held(_RENEW, record, holder, format_time(lease_until))

    def release_repository(
        self, record: RepositoryRecord, *, holder: str, next_poll_at: datetime
    ) -> bool:
        """Save as ``save_progress`` does and give the lease back; False if it was lost."""
        return self._save_held(_RELEASE, record, holder, format_time(next_poll_at))

    def _save_held(self, sql: str, record: RepositoryRecord, holder: str, moment: str) -> bool:
        key = repository_key(record.full_name)
        polled = format_optional_time(record.last_polled_at)
        saved = (record.full_name, format_time(record.added_at), polled, _progress(record))
        return self._change(sql, *saved, moment, key, holder) == 1

    def _find_due(self, now: datetime, only: Collection[str] | None) -> list[str]:
        """Find the keys of what is due, the most overdue first, without a lock."""
        *polls, expired, too_far_ahead = _due_parameters(now)
        leases = (expired, too_far_ahead)
        parameters = (*leases, *(each for poll in polls for each in (*leases, poll)))
        due_keys = [key for _, key in self._database.read(_SELECT_DUE_KEYS, parameters)]
        if due_keys and only is not None:
            wanted = _keys_of(tuple(only))
            due_keys = [key for key in due_keys if key in wanted]
        return due_keys

    def _change(self, sql: str, *parameters: str | None) -> int:
        return self._database.write(lambda session: session.execute(sql, parameters))


@lru_cache(maxsize=2)
def _keys_of(names: tuple[str, ...]) -> frozenset[str]:
    """Return the keys of names, which are mostly those of the claim before."""
    return frozenset(map(repository_key, names))


def _due_parameters(now: datetime) -> tuple[str, ...]:
    """Return the times that ``_SELECT_DUE`` compares with."""
    polled_ahead = format_time(now + MAX_CLOCK_DIFFERENCE)
    return (
        *due_query_bounds(due_poll_times(now)),
        polled_ahead,
        *due_query_bounds(expired_lease_times(now)),
    )


def _row(record: RepositoryRecord) -> Row:
    return (
        repository_key(record.full_name),
        record.full_name,
        format_time(record.added_at),
        int(record.paused),
        format_optional_time(record.next_poll_at),
        format_optional_time(record.last_polled_at),
        record.lease_holder,
        format_optional_time(record.lease_until),
        _progress(record),
    )


def _progress(record: RepositoryRecord) -> str:
    return to_json(body_of(record))


def repository_record(row: Row) -> RepositoryRecord:
    """Decode a repository's row."""
    full_name, added_at, paused, next_poll_at, last_polled_at, holder, until, progress = row
    columns = {
        "full_name": full_name,
        "added_at": parse_time(added_at),
        "paused": bool(paused),
        "next_poll_at": parse_optional_time(next_poll_at),
        "last_polled_at": parse_optional_time(last_polled_at),
        "lease_holder": holder,
        "lease_until": parse_optional_time(until),
    }
    return restore_record(RepositoryRecord, from_json(progress), columns)
