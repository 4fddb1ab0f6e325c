"""A cache of a table's rows, which reads only what was saved since the last load.

Pages read all rows every few seconds, and each row costs CPU in every process that it passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import takewhile
from typing import Any, Generic, TypeVar

import anvil.tables.query as q

from ...domain.due import MAX_CLOCK_DIFFERENCE
from .table import Table, Values, distinct
from .values import as_optional_utc

#: Rows that were saved up to this long before the last load are read again: clocks differ, and
#: commits take time. It is longer than REREAD_SECONDS, so that a late row is read twice.
REREAD_BEFORE = timedelta(minutes=2)

#: Where these are more than REREAD_AT_MOST rows, they are read again every REREAD_SECONDS only. In
#: between, rows that were saved up to COMMIT_TIME before the last load are read again.
REREAD_SECONDS = 60.0
REREAD_AT_MOST = 20
COMMIT_TIME = timedelta(seconds=5)

#: Every RECHECK_SECONDS, all rows that were saved in this time or up to MAX_CLOCK_DIFFERENCE before
#: it are read again, because clocks may differ by more than REREAD_BEFORE.
RECHECK_SECONDS = 600.0

#: All rows are read again after this time, because an earlier release saves rows without a time.
RELOAD_SECONDS = 3600.0

#: Reading all of fewer rows costs less than counting them.
READ_WHOLE_BELOW = 50

#: More rows than Anvil returns at once; with fewer it would send a query after the last.
_PAGE_SIZE = 2000

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class CachedRow(Generic[_Value]):
    """A row, and when it was saved; rows of earlier releases have no time."""

    saved_at: datetime | None
    value: _Value


@dataclass(frozen=True, slots=True)
class NewestRows(Generic[_Value]):
    """How many rows a table keeps: those with the highest sort keys."""

    limit: int
    sort_key: Callable[[_Value], str]

    def sorted(self, values: Mapping[str, _Value]) -> dict[str, _Value]:
        """Return the values that are kept, newest first."""
        ordered = sorted(values.items(), key=lambda each: self.sort_key(each[1]), reverse=True)
        return dict(ordered[: self.limit])


@dataclass(frozen=True, slots=True)
class _Snapshot(Generic[_Value]):
    """All rows at one moment, last saved last, and when some or all of them are read again."""

    rows: dict[str, CachedRow[_Value]]
    change_ids: frozenset[str]
    began_at: datetime
    reread_at: float
    recheck_at: float
    reload_at: float

    def saved_since(self, moment: datetime) -> set[str]:
        """Return the keys of the rows that were saved at a moment or later."""
        newest_first = reversed(self.rows.items())
        return {key for key, _ in takewhile(lambda row: _time_of(row) >= moment, newest_first)}


class CachedRows(Generic[_Value]):
    """A cache of a table that has a column with the time at which each row was saved.

    ``verifies_count``: rows may be removed, or saved with an earlier time, so they are counted too.
    Safe for many threads: each load replaces the snapshot.
    """

    def __init__(
        self,
        columns: Sequence[str],
        restore: Callable[[Any], _Value],
        *,
        saved_at: str = "saved_at",
        verifies_count: bool = False,
        newest: NewestRows[_Value] | None = None,
    ) -> None:
        self._columns, self._restore, self._saved_at = columns, restore, saved_at
        self._verifies_count, self._newest = verifies_count, newest
        self._last: _Snapshot[_Value] | None = None

    def load(self, table: Table, change_ids: frozenset[str] = frozenset()) -> dict[str, _Value]:
        """Load all rows by their keys; where only the newest are kept, in order, newest first.

        With other change ids than the last time all are read again.
        """
        last, newest = self._last, None
        if last is not None and last.change_ids == change_ids and time.monotonic() < last.reload_at:
            newest = self._load_changed(table, last)
        if newest is None:
            began_at, now = datetime.now(timezone.utc), time.monotonic()
            rows = self._trimmed(_in_order(self._read(self._search(table))))
            read_again = now + REREAD_SECONDS, now + RECHECK_SECONDS, now + RELOAD_SECONDS
            newest = _Snapshot(rows, change_ids, began_at, *read_again)
        self._last = newest
        values = {key: each.value for key, each in newest.rows.items()}
        return values if self._newest is None else self._newest.sorted(values)

    def _load_changed(self, table: Table, last: _Snapshot[_Value]) -> _Snapshot[_Value] | None:
        """Load what was saved since a snapshot; None where all must be read."""
        known, began_at, now = last.rows, datetime.now(timezone.utc), time.monotonic()
        if not known or (self._verifies_count and len(known) < READ_WHOLE_BELOW):
            return None
        newest_saved = _time_of(next(reversed(known.items())))
        since, reread_at = last.began_at - REREAD_BEFORE, now + REREAD_SECONDS
        recheck_at = last.recheck_at
        if now >= recheck_at:
            checked_at = began_at - timedelta(seconds=now - recheck_at + RECHECK_SECONDS)
            since, recheck_at = checked_at - MAX_CLOCK_DIFFERENCE, now + RECHECK_SECONDS
        elif now < last.reread_at and len(last.saved_since(since)) > REREAD_AT_MOST:
            since, reread_at = last.began_at - COMMIT_TIME, last.reread_at
        since = min(since, last.began_at if newest_saved == _LONG_AGO else newest_saved)
        changed = self._read(
            self._search(table, {self._saved_at: q.greater_than_or_equal_to(since)})
        )
        expected = last.saved_since(since)
        kept = {key: row for key, row in known.items() if key not in changed}
        rows = self._trimmed({**kept, **_in_order(changed)})
        # A row is missing: newer ones displaced it, or the tables were restored from a copy.
        if not (expected & rows.keys()) <= changed.keys():
            return None
        if self._verifies_count and table.count() != len(rows):
            return None
        return _Snapshot(rows, last.change_ids, began_at, reread_at, recheck_at, last.reload_at)

    def _search(self, table: Table, where: Values | None = None) -> Iterable[Any]:
        return table.search(columns=self._columns, page_size=_PAGE_SIZE, where=where)

    def _trimmed(self, rows: dict[str, CachedRow[_Value]]) -> dict[str, CachedRow[_Value]]:
        if self._newest is None or len(rows) <= self._newest.limit:
            return rows
        newest = self._newest.sorted({key: row.value for key, row in rows.items()})
        return {key: row for key, row in rows.items() if key in newest}

    def _read(self, rows: Iterable[Any]) -> dict[str, CachedRow[_Value]]:
        return {row["key"]: self._read_row(row) for row in distinct(rows)}

    def _read_row(self, row: Any) -> CachedRow[_Value]:  # noqa: ANN401 - a row
        return CachedRow(as_optional_utc(row[self._saved_at]), self._restore(row))


def _in_order(rows: Mapping[str, CachedRow[_Value]]) -> dict[str, CachedRow[_Value]]:
    return dict(sorted(rows.items(), key=_time_of))


def _time_of(row: tuple[str, CachedRow[Any]]) -> datetime:
    return row[1].saved_at or _LONG_AGO


def saved_now() -> dict[str, datetime]:
    """Return the column that says when a row was saved, with the time now."""
    return {"saved_at": datetime.now(timezone.utc)}
