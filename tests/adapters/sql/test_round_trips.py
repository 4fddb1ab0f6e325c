"""How many messages PostgreSQL is sent: an idle collector does little else, so each is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ingest.adapters.sql.database import Database
from ingest.adapters.sql.migrate import migrate
from ingest.adapters.sql.postgres import postgres_dialect
from ingest.adapters.sql.store import SqlState
from ingest.domain.ledger import RepositoryRecord
from support.postgres_server import PostgresServer
from support.state_records import NOW, a_repository, at

Exactly = Callable[[int], Any]


class CountingConnection:
    """A connection that keeps what it is asked to execute."""

    def __init__(self, connection: Any, sent: list[str]) -> None:
        self._connection = connection
        self._sent = sent

    def cursor(self) -> Any:
        """Make a cursor that keeps its statements."""
        return _CountingCursor(self._connection.cursor(), self._sent)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _CountingCursor:
    def __init__(self, cursor: Any, sent: list[str]) -> None:
        self._cursor = cursor
        self._sent = sent

    def execute(self, sql: str, parameters: Any) -> None:
        self._sent.append(sql)
        self._cursor.execute(sql, parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


@pytest.fixture
def counted(postgres: PostgresServer) -> Iterator[tuple[SqlState, Exactly]]:
    """Provide a state in PostgreSQL, and a block that holds how many messages it is sent."""
    sent: list[str] = []
    dialect = postgres_dialect(postgres.new_database_url())
    database = Database(
        replace(dialect, connect=lambda: CountingConnection(dialect.connect(), sent))
    )
    migrate(database)
    state = SqlState(database)

    @contextmanager
    def exactly(number: int) -> Iterator[None]:
        sent.clear()
        yield
        assert len(sent) == number, sent

    yield state, exactly
    state.close()


def test_a_query_is_one_message(counted: tuple[SqlState, Exactly]) -> None:
    state, exactly = counted
    with exactly(1):
        state.load_credential_pauses(now=NOW)
    with exactly(1):
        assert state.count_ledger().attempts == 0


def test_a_change_is_one_message_and_its_commit(counted: tuple[SqlState, Exactly]) -> None:
    state, exactly = counted
    state.add_repository(a_repository())
    with exactly(2):
        assert state.make_due(a_repository().full_name, now=NOW)
    with exactly(3):
        state.check_writable(now=NOW)


def test_a_poll_claims_and_releases_in_few_messages(counted: tuple[SqlState, Exactly]) -> None:
    """The most frequent writes: each poll claims a repository and gives it back."""
    state, exactly = counted
    with exactly(1):
        assert _claim(state, NOW) is None
    state.add_repository(a_repository())
    with exactly(1 + 2 + 1):
        claimed = _claim(state, NOW)
    with exactly(1 + 1):
        assert state.release_repository(claimed, holder="me", next_poll_at=at(600))


def _claim(state: SqlState, now: datetime) -> RepositoryRecord | None:
    return state.claim_repository(holder="me", now=now, lease_seconds=60)
