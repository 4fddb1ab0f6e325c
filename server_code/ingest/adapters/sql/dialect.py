"""In what SQLite and PostgreSQL differ; everything else of this package is the same for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from ...errors import StateFull, StateUnavailable


class Cursor(Protocol):
    """The part of a DB-API cursor that is used here."""

    @property
    def rowcount(self) -> int:
        """Count the rows that the last statement changed."""

    def execute(self, sql: str, parameters: Sequence[Any], /) -> object:
        """Run one statement."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Read all rows of the last query."""

    def close(self) -> None:
        """Free the cursor."""


class Connection(Protocol):
    """A DB-API connection that commits each statement, unless a transaction was begun."""

    def cursor(self) -> Cursor:
        """Make a cursor."""

    def close(self) -> None:
        """Disconnect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One database: its SQL, its connections and its errors."""

    place: str
    """What to call the database in a sentence; holds no password."""

    placeholder: str
    begin: str
    """How a transaction that will write begins."""

    limit: str
    """What limits a transaction's statements, sent with the first; empty where none is needed."""

    find_version_table: str
    """A query that finds a row where the tables have been made."""

    lock_schema: str | None
    """A statement that lets one transaction at a time change tables; None where ``begin`` does."""

    skip_locked: str
    """What a query ends in that locks its rows and passes over those that others have locked."""

    big_integer: str
    text: str
    bytes: str
    identity: str
    """The type of a primary key that counts up by itself."""

    max_connections: int
    connect: Callable[[], Connection]
    reset: Callable[[Any, BaseException], bool]
    """Roll back what an error left open; False where the connection is of no more use."""

    errors: tuple[type[Exception], ...]
    may_repeat: Callable[[Exception], bool]
    """Return whether an error rolled the transaction back for a reason that may have passed."""

    is_full: Callable[[Exception], bool]
    """Return whether an error means that the database has no space left."""

    is_undone: Callable[[Exception], bool]
    """Return whether a commit that failed with an error has certainly changed nothing."""

    explain: Callable[[Exception], str]
    """Return what happened to which database, and what to do."""


@contextmanager
def state_errors(dialect: Dialect) -> Iterator[None]:
    """Turn each of the vendor's errors into a StateUnavailable that says what to do."""
    try:
        yield
    except dialect.errors as error:
        raise state_error(dialect, error) from error


def state_error(dialect: Dialect, error: Exception, more: str = "") -> StateUnavailable:
    """Build our error of a vendor's."""
    kind = StateFull if dialect.is_full(error) else StateUnavailable
    return kind(f"{dialect.explain(error)} {more}".rstrip())
