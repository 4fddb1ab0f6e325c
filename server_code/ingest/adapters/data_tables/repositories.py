"""Watched repositories in Data Tables; each is claimed by one agent, in a transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import anvil.tables.query as q

from ...domain.due import is_repository_due, urgent_due_at
from ...domain.ledger import RepositoryRecord
from ...domain.stored_records import REPOSITORY_COLUMNS, body_of, restore_record
from ...domain.stored_values import from_json, repository_key, to_json
from ...ports import RepositoryStore
from .cached_rows import LONG_AGO, CachedRow, CachedRows, saved_at_column
from .errors import translate_errors
from .seldom_changed import save_change_id
from .table import Table, Values, first_of_each_key
from .transactions import transact
from .values import as_optional_utc, as_utc

REPOSITORIES = Table("repositories")

_ALL_COLUMNS = ("key", *REPOSITORY_COLUMNS, "progress")
_DUE_COLUMNS = ("key", "paused", "next_poll_at", "last_polled_at", "lease_until", "added_at")

#: The fields that pages show, or compute something from. A row's text for pages has their values in
#: this order, without names, because it is read often.
_PAGE_TIMES = (
    "added_at",
    "watched_since",
    "next_poll_at",
    "last_polled_at",
    "last_changed_at",
    "lease_until",
    "cursor",
)
_PAGE_VALUES = ("full_name", "paused", "failed_polls", "last_error")

#: To be raised when these fields change: of a text of another version, the row's columns are read.
_PAGE_VERSION = 1

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


@translate_errors
class TableRepositories(RepositoryStore):
    """The watched repositories; ``lease_holder`` is the name of the process that polls one."""

    def add_repository(self, record: RepositoryRecord) -> RepositoryRecord:
        """Add a repository unless it is there; return the stored one."""
        row = {
            "key": repository_key(record.full_name),
            **{name: getattr(record, name) for name in REPOSITORY_COLUMNS},
            "progress": _progress(record),
            **page_columns(record),
        }

        def add() -> RepositoryRecord:
            known = REPOSITORIES.first(columns=_ALL_COLUMNS, where={"key": row["key"]})
            if known is not None:
                return _record(known)
            REPOSITORIES.add_rows([row])
            return record

        return transact(add)

    def remove_repository(self, full_name: str) -> None:
        """Stop watching; the ledger keeps what was collected."""
        if REPOSITORIES.delete_by("key", [repository_key(full_name)]):
            save_change_id(REPOSITORIES)

    def load_repository(self, full_name: str) -> RepositoryRecord | None:
        """Load one repository."""
        row = REPOSITORIES.first(columns=_ALL_COLUMNS, where=_where(full_name))
        return None if row is None else _record(row)

    def list_repositories(self) -> list[RepositoryRecord]:
        """List all, by name."""
        rows = first_of_each_key(REPOSITORIES.search(columns=_ALL_COLUMNS))
        return [_record(row) for row in sorted(rows, key=lambda row: str(row["key"]))]

    def set_paused(self, full_name: str, *, paused: bool) -> None:
        """Pause or resume a repository; resuming makes it due, once a lease has ended."""

        def change() -> None:
            row = REPOSITORIES.first(columns=_ALL_COLUMNS, where=_where(full_name))
            if row is None or row["paused"] == paused:
                return
            known = _record(row)
            # Due since its last poll, which is in the past by the clock of every process.
            due_at = known.next_poll_at if paused else known.last_polled_at or known.added_at
            changed = replace(known, paused=paused, next_poll_at=due_at)
            row.update(paused=paused, next_poll_at=due_at, **page_columns(changed))

        transact(change)

    def make_due(self, full_name: str, *, now: datetime) -> bool:
        """Make a repository due before all others; False if it is not watched."""
        return transact(lambda: mark_repository_due(full_name, now))

    def list_due_before(self, moment: datetime) -> list[str]:
        """List unpaused repositories with a ``next_poll_at`` up to a moment, leased or not."""
        where = {"paused": False, "next_poll_at": q.less_than_or_equal_to(moment)}
        rows = first_of_each_key(REPOSITORIES.search(columns=("key", "full_name"), where=where))
        return [row["full_name"] for row in rows]

    def claim_repository(
        self,
        *,
        holder: str,
        now: datetime,
        lease_seconds: int,
        only: Collection[str] | None = None,
    ) -> RepositoryRecord | None:
        """Lease the most overdue repository that no other process claims first."""
        keys = None if only is None else {repository_key(name) for name in only}
        lease = {
            "lease_holder": holder,
            "lease_until": now + timedelta(seconds=lease_seconds),
        }
        # Most searches find nothing, and cost one query. A transaction reads only the row that it
        # claims, so that it does not conflict with claims of other rows.
        for key in _due_keys(keys, now):
            claimed = transact(partial(_lease, key, lease, now))
            if claimed is not None:
                return claimed
        return None

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


def _due_keys(keys: set[str] | None, now: datetime) -> list[str]:
    """Find the due repositories among ``keys`` (None: among all), the most overdue first."""
    rows = REPOSITORIES.search(columns=_DUE_COLUMNS, where={"paused": False})
    due = {
        row["key"]: _due_since(row)
        for row in first_of_each_key(rows)
        if _is_due(row, now) and (keys is None or row["key"] in keys)
    }
    return sorted(due, key=lambda key: (due[key], key))


def _lease(key: str, lease: dict[str, Any], now: datetime) -> RepositoryRecord | None:
    """Lease a repository if it is still due; to be called in a transaction."""
    row = REPOSITORIES.first(columns=_ALL_COLUMNS, where={"key": key})
    if row is None or row["paused"] or not _is_due(row, now):
        return None
    due_since, leased = _due_since(row), replace(_record(row), **lease, next_poll_at=None)
    row.update(**lease, next_poll_at=None, **page_columns(leased))
    return replace(leased, next_poll_at=due_since)


def _due_since(row: Any) -> datetime:  # noqa: ANN401 - a row
    # Without a next poll it is new, or was not released by the process that claimed it.
    return as_utc(row["next_poll_at"] or row["lease_until"] or row["added_at"])


def _is_due(row: Any, now: datetime) -> bool:  # noqa: ANN401 - a row
    return is_repository_due(
        now,
        next_poll_at=row["next_poll_at"],
        last_polled_at=row["last_polled_at"],
        lease_until=row["lease_until"],
    )


def _save_if_held(
    record: RepositoryRecord, holder: str, lease: dict[str, Any], *, next_poll_at: datetime | None
) -> bool:
    def save() -> bool:
        row = REPOSITORIES.first(
            columns=("key", "lease_holder", "next_poll_at", "paused"),
            where=_where(record.full_name),
        )
        if row is None or row["lease_holder"] != holder:
            return False
        due_at = as_optional_utc(row["next_poll_at"]) or next_poll_at
        saved = replace(record, paused=row["paused"], next_poll_at=due_at, **lease)
        row.update(
            full_name=record.full_name,
            added_at=record.added_at,
            last_polled_at=record.last_polled_at,
            next_poll_at=due_at,
            progress=_progress(record),
            **lease,
            **page_columns(saved),
        )
        return True

    return transact(save)


class RepositoryCache(CachedRows[RepositoryRecord]):
    """A cache of what pages show of each repository; one column holds all, as each costs CPU."""

    def __init__(self) -> None:
        super().__init__(("key", "page_row"), _record)

    def _search(self, table: Table, where: Values | None = None) -> Iterator[Any]:
        found = list(super()._search(table, where))
        yield from filter(_has_page_text, found)
        others = [row["key"] for row in found if not _has_page_text(row)]  # of another release
        yield from table.search_by("key", others, columns=(*_ALL_COLUMNS, "page_row"))

    def _read_row(self, row: Any) -> CachedRow[RepositoryRecord]:  # noqa: ANN401 - a row
        if not _has_page_text(row):
            return CachedRow(LONG_AGO, _record(row))
        _, (saved_at, *moments), values = json.loads(row["page_row"])
        times = [None if moment is None else _EPOCH + moment * _MICROSECOND for moment in moments]
        shown = zip((*_PAGE_TIMES, *_PAGE_VALUES), (*times, *values), strict=True)
        return CachedRow(_EPOCH + saved_at * _MICROSECOND, RepositoryRecord(**dict(shown)))


def page_columns(record: RepositoryRecord) -> dict[str, Any]:
    """Return the columns that say when a record was saved, and what pages show of it."""
    column = saved_at_column()
    times = [column["saved_at"], *(getattr(record, name) for name in _PAGE_TIMES)]
    moments = [None if time is None else (time - _EPOCH) // _MICROSECOND for time in times]
    values = [getattr(record, name) for name in _PAGE_VALUES]
    return {**column, "page_row": to_json([_PAGE_VERSION, moments, values])}


def _has_page_text(row: Any) -> bool:  # noqa: ANN401 - a row
    return str(row["page_row"]).startswith(f"[{_PAGE_VERSION},")


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
    row = REPOSITORIES.first(columns=_ALL_COLUMNS, where=_where(full_name))
    if row is None:
        return False
    record, due_at = _record(row), urgent_due_at(now)
    due_at = due_at if record.next_poll_at is None else min(record.next_poll_at, due_at)
    row.update(next_poll_at=due_at, **page_columns(replace(record, next_poll_at=due_at)))
    return True
