"""Watched repositories in Data Tables; each is claimed by one agent, in a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import anvil.tables.query as q

from ...domain.due import is_due, urgent_due_at
from ...domain.ledger import RepositoryRecord
from ...domain.stored_records import REPOSITORY_COLUMNS, body_of, restore_record
from ...domain.stored_values import from_json, repository_key, to_json
from ...ports import RepositoryStore
from .cached_rows import CachedRows, saved_now
from .errors import translate_errors
from .table import KEYS_PER_QUERY, Table, distinct, update
from .transactions import transact
from .values import as_optional_utc, as_utc

_REPOSITORIES = Table("repositories")

_ALL_COLUMNS = ("key", *REPOSITORY_COLUMNS, "progress")
_DUE_COLUMNS = ("key", "paused", "next_poll_at", "last_polled_at", "lease_until", "added_at")


@translate_errors
class TableRepositories(RepositoryStore):
    """The watched repositories; a lease is held by the name of its holder."""

    _repository_cache: CachedRows[RepositoryRecord]

    def add_repository(self, record: RepositoryRecord) -> RepositoryRecord:
        """Add a repository unless it is there; return the stored one."""
        row = {
            "key": repository_key(record.full_name),
            **{name: getattr(record, name) for name in REPOSITORY_COLUMNS},
            "progress": _progress(record),
            **saved_now(),
        }

        def add() -> RepositoryRecord:
            known = _REPOSITORIES.first(columns=_ALL_COLUMNS, where={"key": row["key"]})
            if known is not None:
                return _record(known)
            _REPOSITORIES.add_rows([row])
            return record

        return transact(add)

    def remove_repository(self, full_name: str) -> None:
        """Stop watching; the ledger keeps what was collected."""
        _REPOSITORIES.delete_by("key", [repository_key(full_name)])

    def load_repository(self, full_name: str) -> RepositoryRecord | None:
        """Load one repository."""
        row = _REPOSITORIES.first(columns=_ALL_COLUMNS, where=_where(full_name))
        return None if row is None else _record(row)

    def list_repositories(self) -> list[RepositoryRecord]:
        """List all, by name."""
        rows = distinct(_REPOSITORIES.search(columns=_ALL_COLUMNS))
        return [_record(row) for row in sorted(rows, key=lambda row: str(row["key"]))]

    def list_repositories_cached(self) -> list[RepositoryRecord]:
        """List all for a page, by name; of many, only rows saved since the last call are read."""
        records = self._repository_cache.load(_REPOSITORIES)
        return [records[key] for key in sorted(records)]

    def set_paused(self, full_name: str, *, paused: bool) -> None:
        """Pause or resume a repository; resuming makes it due, also while it is leased."""

        def change() -> None:
            row = _REPOSITORIES.first(columns=_ALL_COLUMNS, where=_where(full_name))
            if row is None or row["paused"] == paused:
                return
            # Due since its last poll, which is in the past by the clock of every process.
            due = {} if paused else {"next_poll_at": row["last_polled_at"] or row["added_at"]}
            row.update(paused=paused, **due, **saved_now())

        transact(change)

    def make_due(self, full_name: str, *, now: datetime) -> bool:
        """Make a repository due before all others; False if it is not watched."""
        return transact(lambda: mark_repository_due(full_name, now))

    def list_due_since(self, moment: datetime) -> list[str]:
        """List what has been due since a moment or longer and is not paused, leased or not."""
        where = {"paused": False, "next_poll_at": q.less_than_or_equal_to(moment)}
        rows = distinct(_REPOSITORIES.search(columns=("key", "full_name"), where=where))
        return [row["full_name"] for row in rows]

    def claim_repositories(
        self,
        *,
        holder: str,
        now: datetime,
        lease_seconds: int,
        limit: int,
        only: Collection[str] | None = None,
    ) -> list[RepositoryRecord]:
        """Lease up to ``limit`` due repositories atomically, the most overdue first."""
        names = None if only is None else {repository_key(name) for name in only}
        lease = {
            "lease_holder": holder,
            "lease_until": now + timedelta(seconds=lease_seconds),
        }
        # Most searches find nothing, and cost one query. The transaction reads only the rows that
        # it claims, so that it does not conflict with claims of other rows.
        due = _due(names, now) if limit > 0 else []
        claimed: list[RepositoryRecord] = []
        while due and len(claimed) < limit:
            size = min(limit - len(claimed), KEYS_PER_QUERY)
            claimed += transact(partial(_lease, due[:size], lease, now))
            due = due[size:]
        return claimed

    def save_progress(
        self, record: RepositoryRecord, *, holder: str, lease_until: datetime
    ) -> bool:
        """Save everything but pause and next poll, and renew the lease; False if it was lost."""
        return _save_if_held(record, holder, {"lease_until": lease_until}, next_poll_at=None)

    def release_repository(
        self, record: RepositoryRecord, *, holder: str, next_poll_at: datetime
    ) -> bool:
        """Save as ``save_progress`` does and give the lease back; False if it was lost."""
        given_back = {"lease_holder": None, "lease_until": None}
        return _save_if_held(record, holder, given_back, next_poll_at=next_poll_at)


def _where(full_name: str) -> dict[str, str]:
    return {"key": repository_key(full_name)}


def _due(names: set[str] | None, now: datetime) -> list[str]:
    """Find what is due, the most overdue first; what has no next poll is new or not released."""
    rows = _REPOSITORIES.search(columns=_DUE_COLUMNS, where={"paused": False})
    due = {
        row["key"]: _due_since(row)
        for row in distinct(rows)
        if _is_due(row, now) and (names is None or row["key"] in names)
    }
    return sorted(due, key=lambda key: (due[key], key))


def _lease(keys: Sequence[str], lease: dict[str, Any], now: datetime) -> list[RepositoryRecord]:
    """Lease the repositories that are still due; to be called in a transaction."""
    found = distinct(_REPOSITORIES.search_by("key", keys, columns=_ALL_COLUMNS))
    rows = {row["key"]: row for row in found if not row["paused"] and _is_due(row, now)}
    claimed = [
        replace(_record(rows[key]), **lease, next_poll_at=_due_since(rows[key]))
        for key in keys
        if key in rows
    ]
    update((row, {**lease, "next_poll_at": None, **saved_now()}) for row in rows.values())
    return claimed


def _due_since(row: Any) -> datetime:  # noqa: ANN401 - a row
    return as_utc(row["next_poll_at"] or row["lease_until"] or row["added_at"])


def _is_due(row: Any, now: datetime) -> bool:  # noqa: ANN401 - a row
    return is_due(
        now,
        next_poll_at=row["next_poll_at"],
        last_polled_at=row["last_polled_at"],
        lease_until=row["lease_until"],
    )


def _save_if_held(
    record: RepositoryRecord, holder: str, lease: dict[str, Any], *, next_poll_at: datetime | None
) -> bool:
    def save() -> bool:
        row = _REPOSITORIES.first(
            columns=("key", "lease_holder", "next_poll_at"), where=_where(record.full_name)
        )
        if row is None or row["lease_holder"] != holder:
            return False
        due = {} if row["next_poll_at"] is not None else {"next_poll_at": next_poll_at}
        row.update(
            full_name=record.full_name,
            added_at=record.added_at,
            last_polled_at=record.last_polled_at,
            progress=_progress(record),
            **lease,
            **due,
            **saved_now(),
        )
        return True

    return transact(save)


def repository_cache() -> CachedRows[RepositoryRecord]:
    """Make the cache of repositories."""
    return CachedRows((*_ALL_COLUMNS, "saved_at"), _record, verifies_count=True)


def _progress(record: RepositoryRecord) -> str:
    return to_json(body_of(record))


def _record(row: Any) -> RepositoryRecord:  # noqa: ANN401 - a row
    columns = {
        "full_name": row["full_name"],
        "added_at": as_utc(row["added_at"]),
        "paused": row["paused"],
        "next_poll_at": as_optional_utc(row["next_poll_at"]),
        "last_polled_at": as_optional_utc(row["last_polled_at"]),
        "lease_holder": row["lease_holder"],
        "lease_until": as_optional_utc(row["lease_until"]),
    }
    return restore_record(RepositoryRecord, from_json(row["progress"]), columns)


def mark_repository_due(full_name: str, now: datetime) -> bool:
    """Make a repository due before all others; False if it is not watched. Needs a transaction."""
    row = _REPOSITORIES.first(columns=("key", "next_poll_at"), where=_where(full_name))
    if row is None:
        return False
    due_at, next_at = urgent_due_at(now), row["next_poll_at"]
    due_at = due_at if next_at is None else min(next_at, due_at)
    row.update(next_poll_at=due_at, **saved_now())
    return True
