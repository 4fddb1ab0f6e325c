"""Rows that a process has read of a table, of which it reads again what was saved since.

Pages read all of them every few seconds, and each row costs CPU in every process on its way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Generic, TypeVar

import anvil.tables.query as q

from .rows import Rows, Values, distinct
from .values import utc

#: What was saved so long before the last reading is read again: clocks differ, and commits wait.
OVERLAP = timedelta(minutes=1)

#: All are read again after this time: the clock of a host may be off by more.
RELOAD_SECONDS = 600.0

#: Fewer rows that are to be counted are read whole, which costs less.
READ_WHOLE = 50

#: Rows that are asked for at once. Anvil brings fewer, but does not look for more after the last.
_PAGE = 2000

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_Value]):
    """A row that was read, and when it was saved; earlier releases saved no time."""

    saved_at: datetime | None
    value: _Value


@dataclass(frozen=True, slots=True)
class Newest(Generic[_Value]):
    """How many rows a table keeps, and what orders them."""

    limit: int
    order: Callable[[_Value], str]


@dataclass(frozen=True, slots=True)
class _Reading(Generic[_Value]):
    """All rows as they were at one moment, and when they are to be read whole again."""

    rows: Mapping[str, _Kept[_Value]]
    began_at: datetime
    reload_at: float


class KeptRows(Generic[_Value]):
    """The rows of a table with a column that says when each was saved; it is among those read.

    Where rows are removed, or saved with an earlier time, they are counted too. Safe for many
    threads: each reading replaces the one before.
    """

    def __init__(
        self,
        columns: Sequence[str],
        restore: Callable[[Any], _Value],
        *,
        saved_at: str = "saved_at",
        is_counted: bool = False,
        newest: Newest[_Value] | None = None,
    ) -> None:
        self._columns, self._restore, self._saved_at = columns, restore, saved_at
        self._is_counted, self._newest = is_counted, newest
        self._last: _Reading[_Value] | None = None

    def load(self, table: Rows) -> dict[str, _Value]:
        """Load all rows by their keys; where only the newest stay, those, newest first."""
        began_at, last = datetime.now(timezone.utc), self._last
        rows, reload_at = None, 0.0
        if last is not None and time.monotonic() < last.reload_at:
            rows, reload_at = self._load_changed(table, last), last.reload_at
        if rows is None:
            reload_at = time.monotonic() + RELOAD_SECONDS
            rows = self._trimmed(self._read(self._search(table)))
        self._last = _Reading(rows, began_at, reload_at)
        return {key: each.value for key, each in rows.items()}

    def _load_changed(
        self, table: Rows, last: _Reading[_Value]
    ) -> Mapping[str, _Kept[_Value]] | None:
        """Load what was saved since a reading; None where all must be read."""
        kept = last.rows
        saved = [each.saved_at for each in kept.values() if each.saved_at is not None]
        if not saved or (self._is_counted and len(kept) < READ_WHOLE):
            return None
        since = min(max(saved), last.began_at - OVERLAP)
        changed = self._read(
            self._search(table, {self._saved_at: q.greater_than_or_equal_to(since)})
        )
        expected = {key for key, each in kept.items() if each.saved_at and each.saved_at >= since}
        rows = self._trimmed({**kept, **changed})
        # What is gone must have made room for newer rows, or this is another state.
        if not (expected & rows.keys()) <= changed.keys():
            return None
        return None if self._is_counted and table.count() != len(rows) else rows

    def _search(self, table: Rows, where: Values | None = None) -> Iterable[Any]:
        return table.search(columns=self._columns, page=_PAGE, where=where)

    def _trimmed(self, rows: dict[str, _Kept[_Value]]) -> dict[str, _Kept[_Value]]:
        newest = self._newest
        if newest is None:
            return rows
        ordered = sorted(rows.items(), key=lambda row: newest.order(row[1].value), reverse=True)
        return dict(ordered[: newest.limit])

    def _read(self, rows: Iterable[Any]) -> dict[str, _Kept[_Value]]:
        return {
            row["key"]: _Kept(utc(row[self._saved_at]), self._restore(row))
            for row in distinct(rows)
        }


def saved_now() -> dict[str, datetime]:
    """Return the column that says that a row is saved now."""
    return {"saved_at": datetime.now(timezone.utc)}
