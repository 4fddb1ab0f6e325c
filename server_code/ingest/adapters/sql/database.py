"""Reads, and transactions that are repeated once where their connection was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .dialect import Dialect, state_error, state_errors
from .pool import ConnectionPool
from .session import MAX_PARAMETERS, Row, Session, chunks, with_marks

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Database:
    """A database with a pool of connections; every method raises StateUnavailable on failure."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._pool = ConnectionPool(dialect)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Run one query."""
        return self._run(lambda session: self._read(session, sql, parameters))

    def read_each(
        self,
        sql: str,
        parameters: Sequence[Any],
        values: Sequence[Any],
        *,
        after: Sequence[Any] = (),
    ) -> list[Row]:
        """Run a query for as many chunks of ``values`` as there are, see Session.query_each."""
        return [
            row
            for chunk in chunks(values, MAX_PARAMETERS)
            for row in self.read(with_marks(sql, chunk), (*parameters, *chunk, *after))
        ]

    def has_tables(self) -> bool:
        """Return whether the tables have been made."""
        return self.read(self._dialect.find_version_table) != []

    def write(self, work: Callable[[Session], T]) -> T:
        """Run work in one transaction; where that was undone, the work runs a second time."""
        return self._run(lambda session: self._commit(session, work))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _run(self, work: Callable[[Session], T]) -> T:
        with state_errors(self._dialect):
            try:
                return self._once(work)
            except self._dialect.errors as error:
                if not self._dialect.may_repeat(error):
                    raise
                logger.warning("state repeated", extra={"reason": self._dialect.explain(error)})
            return self._once(work)

    def _once(self, work: Callable[[Session], T]) -> T:
        with self._pool.borrow() as connection:
            return work(Session(connection, self._dialect))

    def _read(self, session: Session, sql: str, parameters: Sequence[Any]) -> list[Row]:
        limit = self._dialect.limit
        # What is sent at once is one transaction to PostgreSQL, also without a BEGIN.
        return session.query(f"{limit}; {sql}" if limit else sql, parameters)

    def _commit(self, session: Session, work: Callable[[Session], T]) -> T:
        session.begin()
        result = work(session)
        try:
            session.commit()
        except self._dialect.errors as error:
            # Nobody knows whether the server has done it, so it is not for us to do it again.
            is_undone = self._dialect.is_undone(error)
            more = "" if is_undone else "Whether the last change was saved is not known."
            raise state_error(self._dialect, error, more) from error
        return result
