"""A cache of a table's rows, which reads only what was saved since the last load.

Pages read all rows every few seconds, and each row costs CPU in every process that it passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import takewhile
from typing import Any, Generic, TypeVar

import anvil.tables.query as q

from ...domain.due import MAX_CLOCK_DIFFERENCE
from .table import Table, Values, first_of_each_key
from .values import as_optional_utc

#: Rows that were saved up to this long before the last load are read again: commits take time. Rows
#: are read once more when they are as old as clocks of hosts may differ: by then, those are there,
#: too, that a host whose clock is late has saved.
COMMIT_TIME = timedelta(seconds=5)

#: All rows are read again after this time, because an earlier release saves rows without a time.
RELOAD_SECONDS = 3600.0

#: Reading all of fewer rows costs less than counting them.
READ_WHOLE_BELOW = 50

#: More rows than Anvil returns at once; with fewer it would send a query after the last.
_PAGE_SIZE = 2000

LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class CachedRow(Generic[_Value]):
    """A row, and when it was saved: LONG_AGO, if an earlier release has saved it."""

    saved_at: datetime
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
    """All rows at one moment, last saved last, their values, and when all are read again."""

    rows: dict[str, CachedRow[_Value]]
    values: dict[str, _Value]
    change_ids: frozenset[str]
    began_at: datetime
    reload_at: float

    def saved_since(self, moment: datetime) -> set[str]:
        """Return the keys of the rows that were saved at a moment or later."""
        newest_first = reversed(self.rows.items())
        return {key for key, _ in takewhile(lambda row: row[1].saved_at >= moment, newest_first)}


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
        saved_at_column: str = "saved_at",
        verifies_count: bool = False,
        newest: NewestRows[_Value] | None = None,
    ) -> None:
        self._columns, self._restore = columns, restore
        self._saved_at_column = saved_at_column
        self._verifies_count, self._newest = verifies_count, newest
        self._last: _Snapshot[_Value] | None = None

    def load(self, table: Table, change_ids: frozenset[str] = frozenset()) -> dict[str, _Value]:
        """Load all rows by their keys; where only the newest are kept, in order, newest first.

        With other change ids (``save_change_id``) than the last time all are read again.
        """
        last, newest = self._last, None
        if last is not None and last.change_ids == change_ids and time.monotonic() < last.reload_at:
            newest = self._load_changed(table, last)
        if newest is None:
            began_at, now = datetime.now(timezone.utc), time.monotonic()
            rows = self._trimmed(_in_order(self._read(self._search(table))))
            values, reload_at = self._values(rows), now + RELOAD_SECONDS
            newest = _Snapshot(rows, values, change_ids, began_at, reload_at)
        self._last = newest
        return newest.values

    def _load_changed(self, table: Table, last: _Snapshot[_Value]) -> _Snapshot[_Value] | None:
        """Load what was saved since a snapshot; None where all must be read."""
        known, began_at = last.rows, datetime.now(timezone.utc)
        if not known or (self._verifies_count and len(known) < READ_WHOLE_BELOW):
            return None
        newest_saved = next(reversed(known.values())).saved_at
        before = min(last.began_at, began_at)  # a clock may have been set back
        since = min(before - COMMIT_TIME, before if newest_saved == LONG_AGO else newest_saved)
        late = q.between(before - MAX_CLOCK_DIFFERENCE, min(began_at - MAX_CLOCK_DIFFERENCE, since))
        times = q.any_of(q.greater_than_or_equal_to(since), late)
        changed = self._read(self._search(table, {self._saved_at_column: times}))
        expected, rows, values = last.saved_since(since), known, last.values
        if not changed.items() <= known.items():
            rows = self._trimmed(_in_order({**known, **changed}))
            values = self._values(rows)
        # A row is missing: newer ones displaced it, or the tables were restored from a copy.
        if not (expected & rows.keys()) <= changed.keys():
            return None
        if self._verifies_count and table.count() != len(rows):
            return None
        return replace(last, rows=rows, values=values, began_at=began_at)

    def _search(self, table: Table, where: Values | None = None) -> Iterable[Any]:
        return table.search(columns=self._columns, page_size=_PAGE_SIZE, where=where)

    def _trimmed(self, rows: dict[str, CachedRow[_Value]]) -> dict[str, CachedRow[_Value]]:
        if self._newest is None or len(rows) <= self._newest.limit:
            return rows
        newest = self._values(rows)
        return {key: row for key, row in rows.items() if key in newest}

    def _values(self, rows: Mapping[str, CachedRow[_Value]]) -> dict[str, _Value]:
        values = {key: row.value for key, row in rows.items()}
        return values if self._newest is None else self._newest.sorted(values)

    def _read(self, rows: Iterable[Any]) -> dict[str, CachedRow[_Value]]:
        return {row["key"]: self._read_row(row) for row in first_of_each_key(rows)}

    def _read_row(self, row: Any) -> CachedRow[_Value]:  # noqa: ANN401 - a row
        return CachedRow(
            as_optional_utc(row[self._saved_at_column]) or LONG_AGO, self._restore(row)
        )


def _in_order(rows: Mapping[str, CachedRow[_Value]]) -> dict[str, CachedRow[_Value]]:
    return dict(sorted(rows.items(), key=lambda row: row[1].saved_at))


def saved_at_column() -> dict[str, datetime]:
    """Return the column that says when a row was saved, with the time now."""
    return {"saved_at": datetime.now(timezone.utc)}
