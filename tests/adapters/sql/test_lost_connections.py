"""A lost connection to PostgreSQL is replaced, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import psycopg2
import pytest
from ingest.adapters.sql import SqlState, open_sql_state
from ingest.adapters.sql.database import Database
from ingest.adapters.sql.postgres import postgres_dialect
from ingest.adapters.sql.session import Session
from ingest.errors import StateUnavailable
from support.postgres_server import PostgresServer

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
END_ALL = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
END_MYSELF = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.fixture
def database_url(postgres: PostgresServer) -> str:
    """Name an empty database."""
    return postgres.new_database_url()


@pytest.fixture
def state(database_url: str) -> Iterator[SqlState]:
    """Open the state in it."""
    opened = open_sql_state(database_url)
    yield opened
    opened.close()


@pytest.fixture
def database(database_url: str, state: SqlState) -> Iterator[Database]:
    """Open the database below the state."""
    opened = Database(postgres_dialect(database_url))
    yield opened
    opened.close()


def ask(database_url: str, sql: str) -> list[tuple[object, ...]]:
    """Ask the server beside the state."""
    connection = psycopg2.connect(database_url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


def hint(session: Session, run_id: int) -> None:
    sql = "INSERT INTO run_hints (repository_key, run_id, hinted_at) VALUES ('o/r', ?, 'x')"
    session.execute(sql, (run_id,))


def count(database: Database) -> int:
    return int(database.read("SELECT COUNT(*) FROM run_hints")[0][0])


def test_reads_and_writes_continue_after_all_connections_were_ended(
    state: SqlState, database_url: str
) -> None:
    """As after a restart of the server; the caller notices nothing."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: state.claim_once(str(n), now=NOW), range(50)))
    assert ask(database_url, END_ALL)
    assert state.list_errors(limit=1) == []
    assert ask(database_url, END_ALL)
    assert state.claim_once("a", now=NOW)


def sleep_too_long(session: Session) -> None:
    """Wait as where the process was stopped, or the machine slept."""
    session.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
    time.sleep(0.2)


@pytest.mark.parametrize("lose", [sleep_too_long, lambda session: session.query(END_MYSELF)])
def test_a_transaction_whose_connection_was_lost_runs_once_more(
    database: Database, lose: Callable[[Session], object]
) -> None:
    """Its first half was undone by the server, which ended it or took it for idle."""
    attempts = []

    def work(session: Session) -> None:
        attempts.append(1)
        hint(session, 1)
        if len(attempts) == 1:
            lose(session)
        hint(session, 2)

    database.write(work)
    assert len(attempts) == 2
    assert count(database) == 2


def test_a_transaction_that_is_lost_twice_is_given_up(database: Database) -> None:
    """The caller knows better when to try again; the next call has a fresh connection."""

    def work(session: Session) -> None:
        hint(session, 1)
        session.query(END_MYSELF)

    with pytest.raises(StateUnavailable, match="ended the connection"):
        database.write(work)
    assert count(database) == 0


def test_a_commit_without_an_answer_is_not_repeated(database: Database, database_url: str) -> None:
    """Nobody knows whether it was done, and it is not done twice."""
    attempts = []

    def work(session: Session) -> None:
        attempts.append(1)
        hint(session, 1)
        ask(database_url, END_ALL)

    with pytest.raises(StateUnavailable, match="saved is not known"):
        database.write(work)
    assert attempts == [1]
    assert count(database) == 0


def test_a_failure_in_the_caller_leaves_a_usable_connection(database: Database) -> None:
    """What was begun is undone, and the same connection serves again."""

    def work(session: Session) -> None:
        hint(session, 1)
        raise KeyError

    pid = database.read("SELECT pg_backend_pid()")
    with pytest.raises(KeyError):
        database.write(work)
    assert count(database) == 0
    assert database.read("SELECT pg_backend_pid()") == pid


def test_many_threads_share_few_connections(state: SqlState, database_url: str) -> None:
    """A server's connections are few; threads wait for one."""
    with ThreadPoolExecutor(40) as threads:
        list(threads.map(lambda n: state.claim_once(str(n), now=NOW), range(200)))
    (row,) = ask(
        database_url,
        "SELECT COUNT(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert 1 <= int(str(row[0])) <= 10


def test_close_gives_all_connections_back(state: SqlState, database_url: str) -> None:
    """The server sees nobody any more."""
    state.close()
    with pytest.raises(StateUnavailable, match="was closed"):
        state.list_agents()
