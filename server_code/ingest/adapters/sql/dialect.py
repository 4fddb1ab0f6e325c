"""The differences between SQLite and PostgreSQL; the rest of the package is common to both."""

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

    display_name: str
    """The name of the database in messages; contains no password."""

    placeholder: str
    begin: str
    """The statement that begins a transaction that will write."""

    set_timeout: str
    """A statement that limits the time of its transaction's statements; empty if not needed."""

    select_version_table: str
    """A query that returns a row if the tables have been created."""

    lock_schema: str | None
    """A statement that lets one transaction at a time change tables; None where ``begin`` does."""

    skip_locked: str
    """The end of a query that locks the rows it finds and skips rows that others have locked."""

    big_integer: str
    text: str
    bytes: str
    identity: str
    """The type of a primary key that the database numbers."""

    max_connections: int
    connect: Callable[[], Connection]
    reset: Callable[[Any, BaseException], bool]
    """Roll back after an error; return False if the connection cannot be used again."""

    errors: tuple[type[Exception], ...]
    is_transient: Callable[[Exception], bool]
    """Return whether a transaction that an error rolled back may succeed when it is repeated."""

    is_full: Callable[[Exception], bool]
    """Return whether an error means that the database has no space left."""

    is_commit_undone: Callable[[Exception], bool]
    """Return whether a commit that failed with an error has certainly been rolled back."""

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
    """Translate one of the vendor's errors; ``more`` is a sentence that is added."""
    kind = StateFull if dialect.is_full(error) else StateUnavailable
    return kind(f"{dialect.explain(error)} {more}".rstrip())
