"""Reads, and transactions that are repeated once where their connection was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .dialect import Dialect, state_error, state_errors
from .pool import ConnectionPool
from .session import Row, Session

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Database:
    """A database with a pool of connections; every method raises StateUnavailable on failure."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._pool = ConnectionPool(dialect)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one query."""
        return self._run(lambda session: session.query(self._with_timeout(sql), parameters))

    def read_in_chunks(
        self,
        sql: str,
        parameters: Sequence[Any],
        values: Sequence[Any],
        *,
        limit: int | None = None,
    ) -> list[Row]:
        """Run a query for chunks of ``values``, each with the limit (Session.query_in_chunks)."""
        query = self._with_timeout(sql)
        return self._run(
            lambda session: session.query_in_chunks(query, parameters, values, limit=limit)
        )

    def has_tables(self) -> bool:
        """Return whether the tables have been created."""
        return self.read(self._dialect.select_version_table) != []

    def write(self, work: Callable[[Session], T]) -> T:
        """Run work in one transaction, and once more if a transient error rolled it back."""
        return self._run(lambda session: self._commit(session, work))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _run(self, work: Callable[[Session], T]) -> T:
        with state_errors(self._dialect):
            try:
                return self._once(work)
            except self._dialect.errors as error:
                if not self._dialect.is_transient(error):
                    raise
                logger.warning("database retried", extra={"reason": self._dialect.explain(error)})
            return self._once(work)

    def _once(self, work: Callable[[Session], T]) -> T:
        with self._pool.borrow() as connection:
            return work(Session(connection, self._dialect))

    def _with_timeout(self, sql: str) -> str:
        """Prepend the timeout: PostgreSQL runs what is sent together in one transaction."""
        set_timeout = self._dialect.set_timeout
        return f"{set_timeout}; {sql}" if set_timeout else sql

    def _commit(self, session: Session, work: Callable[[Session], T]) -> T:
        session.begin()
        result = work(session)
        try:
            session.commit()
        except self._dialect.errors as error:
            # The server may have committed, so the work is not repeated.
            is_known = self._dialect.is_commit_undone(error)
            more = "" if is_known else "Whether the last change was saved is not known."
            raise state_error(self._dialect, error, more) from error
        return result


class SqlStore:
    """A part of the state, in the tables of one database."""

    _database: Database
