"""One Data Table, in few queries: every search, insert, update and delete is one round trip.

https://anvil.works/docs/data-tables/data-tables-in-code: there are no unique columns, so rows are
upserted by their key in a transaction, and of two rows with the same key the first is read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import anvil.tables
import anvil.tables.query as q
from anvil.tables import app_tables

from ...domain.batches import batches, chunks
from .transactions import require_unbroken_transaction

#: Each key becomes a condition of the query that Anvil sends to PostgreSQL.
KEYS_PER_QUERY = 100

#: A message to or from Anvil has 16 MiB at most, and a larger one ends the connection; JSON writes
#: a character as six bytes at most. So much takes a second or two; a transaction may wait ten.
CHARACTERS_PER_QUERY = 2 * 1024 * 1024

#: Rows that Anvil returns at once, where they are small.
_PAGE_SIZE = 1000

_batches_lock = threading.Lock()

Values = Mapping[str, Any]
_Value = TypeVar("_Value")


class Table:
    """One table, by its name in ``anvil.yaml``; each has a column ``key``."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def _table(self) -> Any:  # noqa: ANN401 - Anvil makes tables at run time
        require_unbroken_transaction()
        table = getattr(app_tables, self.name)  # imports the batches the first time
        _prepare_batches()
        return table

    def search(
        self,
        *,
        columns: Sequence[str],
        order_by: str | None = None,
        is_ascending: bool = True,
        page_size: int = _PAGE_SIZE,
        where: Values | None = None,
    ) -> Iterator[Any]:
        """Search rows, and load these columns of ``page_size`` rows at a time."""
        options = [q.fetch_only(*columns), q.page_size(page_size)]
        if order_by is not None:
            options.append(anvil.tables.order_by(order_by, ascending=is_ascending))
        yield from self._table.search(*options, **(where or {}))

    def first(self, *, columns: Sequence[str], where: Values) -> Any:  # noqa: ANN401 - a row
        """Find one row, or None."""
        return next(self.search(columns=columns, page_size=1, where=where), None)

    def list_first(
        self,
        *,
        columns: Sequence[str],
        order_by: str,
        limit: int,
        is_ascending: bool = True,
        where: Values | None = None,
    ) -> list[Any]:
        """List the first ``limit`` rows in an order."""
        if limit <= 0:
            return []
        found = self.search(
            columns=columns,
            order_by=order_by,
            is_ascending=is_ascending,
            page_size=min(limit, _PAGE_SIZE),
            where=where,
        )
        return list(islice(found, limit))

    def search_by(self, column: str, values: Iterable[str], *, columns: Sequence[str]) -> list[Any]:
        """Search rows whose column has one of these values."""
        return [
            row
            for chunk in chunks_by_count(sorted(set(values)))
            for row in self.search(columns=columns, where={column: _any_of(chunk)})
        ]

    def count(self, where: Values | None = None) -> int:
        """Count rows, in two queries: Anvil counts what a search found, and loads its first row."""
        found = self._table.search(q.fetch_only("key"), q.page_size(1), **(where or {}))
        return len(found)

    def add_rows(self, rows: Sequence[Values]) -> None:
        """Insert rows."""
        for chunk in chunks_by_length(rows, text_length):
            self._table.add_rows([dict(row) for row in chunk])

    def add_row(self, row: Values) -> Any:  # noqa: ANN401 - a row
        """Insert one row and return it."""
        return self._table.add_row(**row)

    def upsert(self, rows: Sequence[Values], found: Sequence[Any] | None = None) -> None:
        """Insert or replace rows by their key; to be called in a transaction.

        ``found`` are the rows that a search for their keys found; without it they are searched.
        """
        if not rows:
            return
        if found is None:
            found = self.search_by("key", [row["key"] for row in rows], columns=("key",))
        known = {row["key"]: row for row in first_of_each_key(found)}
        self.add_rows([row for row in rows if row["key"] not in known])
        update(
            (known[row["key"]], {name: row[name] for name in row if name != "key"})
            for row in rows
            if row["key"] in known
        )
        if len(known) < len(found):
            kept = {id(row) for row in known.values()}
            self.delete(row for row in found if id(row) not in kept)

    def delete(self, rows: Iterable[Any]) -> int:
        """Delete rows that a search found; return how many."""
        deleted = list(rows)
        for chunk in chunks_by_count(deleted):
            with anvil.tables.batch_delete:
                for row in chunk:
                    row.delete()
                require_unbroken_transaction()
        return len(deleted)

    def delete_by(self, column: str, values: Iterable[str]) -> int:
        """Delete rows whose column has one of these values."""
        return self.delete(self.search_by(column, values, columns=("key",)))

    def trim(self, maximum: int, *, order_by: str) -> None:
        """Delete the first rows in an order, so that ``maximum`` stay."""
        excess = self.count() - maximum
        if excess > 0:
            self.delete(self.list_first(columns=("key",), order_by=order_by, limit=excess))


def first_of_each_key(rows: Iterable[Any]) -> list[Any]:
    """Return the first row of each key; two with one key were written outside of transactions."""
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(row["key"], row)
    return list(first.values())


def update(rows: Iterable[tuple[Any, Values]]) -> None:
    """Update rows with values of their own, in one query unless they are large."""
    for chunk in chunks_by_length(rows, lambda change: text_length(change[1])):
        with anvil.tables.batch_update:
            for row, values in chunk:
                row.update(**values)
            require_unbroken_transaction()


def chunks_by_count(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Split a sequence into chunks of at most KEYS_PER_QUERY."""
    return chunks(values, KEYS_PER_QUERY)


def chunks_by_length(
    values: Iterable[_Value], size_of: Callable[[_Value], int]
) -> Iterator[list[_Value]]:
    """Split values into chunks of CHARACTERS_PER_QUERY at most; a larger value is one itself."""
    return batches(values, size_of=size_of, max_bytes=CHARACTERS_PER_QUERY)


def text_length(row: Values) -> int:
    """Return how many characters of text a row has."""
    return sum(len(value) for value in row.values() if isinstance(value, str))


def _prepare_batches() -> None:
    """Initialize Anvil's batches in this thread.

    They are thread-local, and their first use in any thread replaces their classes. A thread that
    accessed them before has none of the new attributes, and every later search there would fail.
    """
    if vars(anvil.tables.batch):
        return
    with _batches_lock:
        if not hasattr(type(anvil.tables.batch_update), "active"):
            with anvil.tables.batch_update:  # replaces the classes of all three
                pass
        for batch in (anvil.tables.batch_update, anvil.tables.batch_delete, anvil.tables.batch):
            if not vars(batch):
                batch.__init__()


def _any_of(values: Sequence[str]) -> object:
    return values[0] if len(values) == 1 else q.any_of(*values)
