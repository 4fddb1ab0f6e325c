"""Tables that change seldom, for each of which another table has the id of its last change.

A refresh of a page needs five of them. As even the search of an empty table costs a round trip, one
search for the last changes replaces five.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import uuid4

from .cached_rows import RELOAD_SECONDS
from .table import Table, Values

_CHANGES = Table("table_changes")

_Value = TypeVar("_Value")


class SeldomChangedTable(Table):
    """A table whose changes are noted: after each change, or in its transaction."""

    def add_rows(self, rows: Sequence[Values]) -> None:
        """Insert rows."""
        super().add_rows(rows)
        if rows:
            save_change_id(self)

    def upsert(self, rows: Sequence[Values], found: Sequence[Any] | None = None) -> None:
        """Insert or replace rows by their key; to be called in a transaction."""
        super().upsert(rows, found)
        if rows:
            save_change_id(self)

    def delete(self, rows: Iterable[Any]) -> int:
        """Delete rows that a search found; return how many."""
        deleted = super().delete(rows)
        if deleted:
            save_change_id(self)
        return deleted


def save_change_id(table: Table) -> None:
    """Note that a table has changed."""
    change = {"change_id": uuid4().hex}
    known = _CHANGES.first(columns=("key",), where={"key": table.name})
    if known is None:
        _CHANGES.add_rows([{"key": table.name, **change}])
    else:
        known.update(**change)


@dataclass(frozen=True, slots=True)
class _Loaded:
    change_ids: frozenset[str]
    reload_at: float
    value: object


class SeldomChangedCache:
    """The values that were loaded from tables that seldom change. Safe for many threads."""

    def __init__(self) -> None:
        self._loaded: dict[str, _Loaded] = {}

    def load(self, table: Table, load: Callable[[], _Value], changes: Changes) -> _Value:
        """Return the value, loaded again if the table has changed; no write may depend on it."""
        change_ids, known = changes.get(table.name, frozenset()), self._loaded.get(table.name)
        now = time.monotonic()
        if known is None or known.change_ids != change_ids or now >= known.reload_at:
            known = _Loaded(change_ids, now + RELOAD_SECONDS, load())
            self._loaded[table.name] = known
        return cast("_Value", known.value)


#: The ids of the last change of each table; two where two processes noted the first one at once.
Changes = Mapping[str, frozenset[str]]


def load_changes() -> Changes:
    """Load the ids of the last changes; to be called before the tables themselves are read."""
    changes: dict[str, frozenset[str]] = {}
    for row in _CHANGES.search(columns=("key", "change_id")):
        changes[row["key"]] = changes.get(row["key"], frozenset()) | {row["change_id"]}
    return changes
