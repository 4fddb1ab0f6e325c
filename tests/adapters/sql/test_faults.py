"""Every error of SQLite and PostgreSQL becomes one that says what to do."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import psycopg2.errors
import pytest
from ingest.adapters.sql import SqlState, open_sql_state
from ingest.adapters.sql.database import Database
from ingest.adapters.sql.dialect import Connection, Dialect, state_errors
from ingest.adapters.sql.postgres import postgres_dialect
from ingest.adapters.sql.session import Session
from ingest.adapters.sql.sqlite import sqlite_dialect
from ingest.domain.commits import Commit
from ingest.domain.ledger import AttemptRecord
from ingest.domain.runs import AttemptKey
from ingest.errors import BadSettings, StateFull, StateUnavailable
from support.postgres_server import PostgresServer

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)
URL = "postgresql://me:s%40cret@db.example/runs?password=other"


def classes_below(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for child in base.__subclasses__():
        yield from classes_below(child)


def sqlite_state(path: Path, *, prepare: Callable[[sqlite3.Connection], object]) -> SqlState:
    """Open a state whose connections are prepared to fail."""
    open_sql_state(str(path)).close()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        prepare(connection)
        return connection

    return SqlState(Database(replace(sqlite_dialect(str(path)), connect=connect)))


def commits(count: int) -> list[Commit]:
    return [Commit(commit_sha=str(n), commit_message="m" * 1000) for n in range(count)]


@pytest.mark.parametrize("dialect", [sqlite_dialect("x.db"), postgres_dialect(URL)], ids=["s", "p"])
def test_every_error_of_the_vendor_is_mapped(dialect: Dialect) -> None:
    """Each class that the vendor has, present and future, becomes a StateUnavailable."""
    base = sqlite3.Error if dialect.placeholder == "?" else psycopg2.Error
    kinds = list(classes_below(base))
    assert len(kinds) > 8
    for kind in kinds:
        with pytest.raises(StateUnavailable) as caught, state_errors(dialect):
            raise kind("words of the vendor")
        assert str(caught.value).startswith(dialect.display_name)
        assert str(caught.value).endswith(".")


def test_no_password_is_shown() -> None:
    """Neither as it is written in the URL, nor as it reads."""
    error = psycopg2.ProgrammingError("invalid s@cret, s%40cret and other in the dsn")
    text = postgres_dialect(URL).explain(error)
    assert not any(secret in text for secret in ("s@cret", "s%40cret", "other"))


@pytest.mark.parametrize("option", ["password", "sslpassword"])
def test_a_password_among_the_options_is_not_shown(option: str) -> None:
    """An encoding that cannot be read is repeated in the error as it is written."""
    text = f"s%40cret%zz{NOW.year}"  # a traceback shows this line too
    with pytest.raises((StateUnavailable, BadSettings)) as caught:
        open_sql_state(f"postgresql://me@127.0.0.1:1/runs?connect_timeout=2&{option}={text}")
    assert text not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("begin", ["abc@", "12/", "12?", "12#", "abc/", "abc?", "abc#"])
def test_a_password_with_a_delimiter_is_not_shown(begin: str) -> None:
    """Without escapes its rest is the host, the database or an option, for libpq or for us."""
    text = str(NOW.year)  # a traceback shows this line too
    with pytest.raises(BadSettings, match="in a password write @ as %40") as caught:
        open_sql_state(f"postgresql://me:{begin}{text}@127.0.0.1:1/runs")
    assert text not in "".join(traceback.format_exception(caught.value))


def test_an_at_sign_behind_the_host_is_no_fault() -> None:
    for url in ("postgresql://me:s@127.0.0.1/r@b", "postgresql:///r?host=127.0.0.1&user=me@o"):
        assert "127.0.0.1" in postgres_dialect(url).display_name


def test_an_unreachable_server_is_named_without_its_password() -> None:
    """Nor does the traceback show it."""
    password = str(NOW.year)  # a traceback shows this line too
    with pytest.raises(
        StateUnavailable, match=r"'runs' at 127.0.0.1:1 cannot be reached"
    ) as caught:
        open_sql_state(f"postgresql://me:{password}@127.0.0.1:1/runs")
    assert password not in "".join(traceback.format_exception(caught.value))


def test_a_database_that_does_not_exist_is_named(postgres: PostgresServer) -> None:
    """The remedy says that a name may be wrong."""
    url = postgres.new_database_url() + "_missing"
    with pytest.raises(StateUnavailable, match=r"_missing' at .* does not exist on that server"):
        open_sql_state(url)


def test_postgresql_refuses_what_no_column_holds(postgres: PostgresServer) -> None:
    """A number beyond 64 bits is refused as a whole, and the state goes on."""
    state = open_sql_state(postgres.new_database_url())
    _refuses_a_number_beyond_64_bits(state)


def test_sqlite_refuses_what_no_column_holds(tmp_path: Path) -> None:
    """A number beyond 64 bits is refused as a whole, and the state goes on."""
    _refuses_a_number_beyond_64_bits(open_sql_state(str(tmp_path / "state.db")))


def _refuses_a_number_beyond_64_bits(state: SqlState) -> None:
    records = [AttemptRecord(key=AttemptKey("o/r", n, 1), created_at=NOW) for n in (1, 2**63)]
    with pytest.raises(StateUnavailable):
        state.save_attempts(records)
    assert state.count_ledger().attempts == 0
    state.save_attempts(records[:1])
    assert state.count_ledger().attempts == 1
    state.close()


def test_a_statement_that_takes_too_long_is_ended(postgres: PostgresServer) -> None:
    """The server ends it, and the error says after how long."""
    database = Database(postgres_dialect(postgres.new_database_url()))

    def wait(session: Any) -> None:
        session.execute("SET LOCAL statement_timeout = 1")
        session.query("SELECT pg_sleep(60)")

    with pytest.raises(StateUnavailable, match="gave no answer within 30 seconds"):
        database.write(wait)
    assert database.read("SHOW statement_timeout") == [("30s",)]
    database.close()


def test_no_setting_is_left_in_the_session_of_a_server(postgres: PostgresServer) -> None:
    """Behind a pooler in transaction mode the next session is another program's."""
    url = postgres.new_database_url()
    dialect = postgres_dialect(url)
    connection = dialect.connect()
    database = Database(replace(dialect, connect=lambda: connection))
    database.write(lambda session: session.query("SELECT 1"))
    assert database.read("SELECT 1") == [(1,)]
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchall() == [("0",)]
    database.close()


def test_a_connection_to_a_server_that_takes_no_writes_is_dropped(postgres: PostgresServer) -> None:
    """After a failover its address leads to the new primary, but not the old connection."""
    url = postgres.new_database_url()
    with closing(psycopg2.connect(url)) as owner, closing(owner.cursor()) as cursor:
        owner.autocommit = True
        name = urlsplit(url).path.lstrip("/")
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        database = Database(postgres_dialect(url))
        with pytest.raises(StateUnavailable, match="is read-only"):
            database.write(lambda session: session.execute("CREATE TABLE t (a int)"))
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    database.write(lambda session: session.execute("CREATE TABLE t (a int)"))
    assert database.read("SELECT count(*) FROM t") == [(0,)]
    database.close()


def test_a_role_whose_search_path_was_wrong_is_served_again(postgres: PostgresServer) -> None:
    """What is set right for a role applies to new connections only."""
    url = postgres.new_database_url()
    state = open_sql_state(url)
    with closing(psycopg2.connect(url)) as owner, closing(owner.cursor()) as cursor:
        owner.autocommit = True
        name = urlsplit(url).path.lstrip("/")
        cursor.execute(f'ALTER DATABASE "{name}" SET search_path = elsewhere')
        state.close()
        state = SqlState(Database(postgres_dialect(url)))
        with pytest.raises(StateUnavailable, match="has lost a table"):
            state.list_agents()
        cursor.execute(f'ALTER DATABASE "{name}" RESET search_path')
    assert state.list_agents() == []
    state.close()


@pytest.mark.parametrize("query", ["unknown=1", "sslmode=perhaps", "target_session_attrs=some"])
def test_an_url_that_libpq_cannot_read_is_a_wrong_setting(query: str) -> None:
    """It is not a server that cannot be reached."""
    with pytest.raises(BadSettings, match="correct DATABASE_URL"):
        postgres_dialect(f"postgresql://me@127.0.0.1:1/x?{query}").connect()


def test_a_programming_error_is_not_a_lost_connection() -> None:
    """It has no code, as a connection that failed."""
    text = postgres_dialect(URL).explain(psycopg2.ProgrammingError("no results to fetch"))
    assert "cannot be reached" not in text
    assert "no results to fetch" in text


@pytest.mark.parametrize(
    ("hosts", "place"),
    [("one:5432,two:5433", "one:5432,two:5433"), ("one,two", "one,two"), ("one", "one:5432")],
)
def test_several_hosts_may_be_named(hosts: str, place: str) -> None:
    """As libpq takes them; the password is not shown."""
    dialect = postgres_dialect(f"postgresql://me:secret@{hosts}/x?target_session_attrs=read-write")
    assert dialect.display_name == f"The PostgreSQL database 'x' at {place}"


@pytest.mark.parametrize(
    ("hosts", "query", "wanted"),
    [(1, "", "any"), (2, "", "read-write"), (2, "?target_session_attrs=any", "any")],
)
def test_of_several_hosts_the_one_that_takes_writes_is_connected(
    postgres: PostgresServer, hosts: int, query: str, wanted: str
) -> None:
    """A former primary comes back as a standby, and stands first in the URL for ever."""
    url = urlsplit(postgres.new_database_url())
    netloc = ",".join([url.netloc] + [f"{url.hostname}:{url.port}"] * (hosts - 1))
    connection = postgres_dialect(url._replace(netloc=netloc).geturl() + query).connect()
    assert connection.info.dsn_parameters["target_session_attrs"] == wanted
    connection.close()


def test_a_full_disk_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    """The save that found it full is undone as a whole; what fits is taken later."""
    path = tmp_path / "state.db"
    state = sqlite_state(path, prepare=lambda db: db.execute("PRAGMA max_page_count = 70"))
    state.save_commits("o/r", commits(5))
    with pytest.raises(StateFull, match=r"state\.db' cannot grow: the disk is full"):
        state.save_commits("o/r", commits(500))
    assert len(state.load_commits("o/r", [str(n) for n in range(500)])) == 5
    state.save_commits("o/r", commits(6))
    assert len(state.load_commits("o/r", [str(n) for n in range(500)])) == 6
    state.close()


@pytest.mark.parametrize("is_commit_undone", [True, False])
def test_a_full_disk_leaves_no_doubt_of_what_was_saved(
    tmp_path: Path, *, is_commit_undone: bool
) -> None:
    """SQLite undoes the change; of other failures at its end nobody knows what they left."""
    dialect = sqlite_dialect(str(tmp_path / "state.db"))

    def connect() -> Connection:
        connection = dialect.connect()
        connection.cursor().execute("PRAGMA foreign_keys = 1")
        return connection

    database = Database(
        replace(dialect, connect=connect, is_commit_undone=lambda _: is_commit_undone)
    )

    def fail_at_the_end(session: Session) -> None:
        session.execute("CREATE TABLE up (id INTEGER PRIMARY KEY)")
        deferred = "REFERENCES up (id) DEFERRABLE INITIALLY DEFERRED"
        session.execute(f"CREATE TABLE down (up INTEGER {deferred})")
        session.execute("INSERT INTO down VALUES (1)")

    with pytest.raises(StateUnavailable) as raised:
        database.write(fail_at_the_end)
    assert ("saved is not known" in str(raised.value)) == (not is_commit_undone)
    database.close()


def test_a_file_that_is_not_writable_is_named(tmp_path: Path) -> None:
    """It can still be read."""
    path = tmp_path / "state.db"
    state = sqlite_state(path, prepare=lambda db: db.execute("PRAGMA query_only = 1"))
    with pytest.raises(StateUnavailable, match=r"state\.db' is not writable"):
        state.save_commits("o/r", commits(1))
    assert state.load_commits("o/r", ["0"]) == {}
    state.close()


def test_a_file_that_another_process_keeps_is_named(tmp_path: Path) -> None:
    """When it is let go, all is well."""
    path = tmp_path / "state.db"
    state = sqlite_state(path, prepare=lambda db: db)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateUnavailable, match="has been locked by another process"):
        state.save_commits("o/r", commits(1))
    other.execute("COMMIT")
    other.close()
    state.save_commits("o/r", commits(1))
    state.close()


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    """It may be the user's, and no waiting makes it a database."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear database,\n" * 100)
    with pytest.raises(BadSettings, match="is not a SQLite database; name another file"):
        open_sql_state(str(path))
    assert path.read_text().startswith("Dear database,")
