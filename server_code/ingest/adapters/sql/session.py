"""Plain SQL on one connection, the same for both databases."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import chain
from typing import Any

from ...domain.batches import chunks
from .dialect import Connection, Cursor, Dialect

Row = tuple[Any, ...]

#: Far below the limit of either database, and enough that round trips do not matter.
MAX_PARAMETERS = 500


class Session:
    """One transaction; in its SQL, ``?`` is a parameter and ``(...)`` a list of parameters."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self.dialect = dialect
        self._connection = connection
        self._unsent_begin = ""

    def begin(self) -> None:
        """Begin a transaction that writes; PostgreSQL gets this with the first statement."""
        begin, set_timeout = self.dialect.begin, self.dialect.set_timeout
        if set_timeout:
            self._unsent_begin = f"{begin}; {set_timeout}; "
        else:
            self.execute(begin)

    def commit(self) -> None:
        """Commit the transaction, unless it had no statement."""
        if not self._unsent_begin:
            self.execute("COMMIT")

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it changed."""
        with closing(self._run(sql, parameters)) as cursor:
            return cursor.rowcount

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run a query; return all rows."""
        with closing(self._run(sql, parameters)) as cursor:
            return cursor.fetchall()

    def _run(self, sql: str, parameters: Sequence[Any]) -> Cursor:
        unsent_begin, self._unsent_begin = self._unsent_begin, ""
        cursor = self._connection.cursor()
        cursor.execute(unsent_begin + sql.replace("?", self.dialect.placeholder), tuple(parameters))
        return cursor

    def query_in_chunks(
        self,
        sql: str,
        parameters: Sequence[Any],
        values: Sequence[Any],
        *,
        limit: int | None = None,
    ) -> list[Row]:
        """Run a query with ``IN (...)`` in it for each chunk of ``values``.

        ``parameters`` fill the placeholders before the list, ``limit`` the one after it, per chunk.
        """
        found: list[Row] = []
        last = () if limit is None else (limit,)
        for chunk in chunks(values, MAX_PARAMETERS):
            found += self.query(with_placeholders(sql, chunk), (*parameters, *chunk, *last))
        return found

    def execute_in_chunks(self, sql: str, values: Sequence[Any]) -> int:
        """Run a statement with ``IN (...)`` for each chunk of values; return how many changed."""
        return sum(
            self.execute(with_placeholders(sql, chunk), chunk)
            for chunk in chunks(values, MAX_PARAMETERS)
        )

    def insert(self, sql: str, rows: Sequence[Row]) -> int:
        """Insert rows in chunks by a statement with ``VALUES (...)``; return how many changed.

        No two rows may have the same key: PostgreSQL refuses to write one twice in a statement.
        """
        changed = 0
        for chunk in chunks(rows, MAX_PARAMETERS // len(rows[0]) if rows else 1):
            values = ", ".join(_placeholders(len(row)) for row in chunk)
            changed += self.execute(sql.replace("(...)", values), list(chain.from_iterable(chunk)))
        return changed

    def delete(self, sql: str, keys: Sequence[Row]) -> int:
        """Delete rows one by one; return how many were deleted.

        SQLite uses no index for a list of keys of several columns.
        """
        return sum(self.execute(sql, key) for key in keys)


def upsert(table: str, key: str, columns: str) -> str:
    """Return the statement that inserts rows, or updates their columns where the key is there."""
    updates = ", ".join(f"{column} = excluded.{column}" for column in columns.split(", "))
    insert = f"INSERT INTO {table} ({key}, {columns}) VALUES (...)"  # noqa: S608 - constants
    return f"{insert} ON CONFLICT ({key}) DO UPDATE SET {updates} "


def with_placeholders(sql: str, chunk: Sequence[object]) -> str:
    """Return a statement with a placeholder for each value of a chunk in place of ``(...)``."""
    return sql.replace("(...)", _placeholders(len(chunk)))


def _placeholders(count: int) -> str:
    return f"({', '.join('?' * count)})"
