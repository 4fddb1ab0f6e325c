"""Tables are made and changed step by step, by one process at a time."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.adapters.sql.database import Database
from ingest.adapters.sql.migrate import migrate
from ingest.adapters.sql.schema import MIGRATIONS
from ingest.adapters.sql.store import choose_dialect
from ingest.errors import BadSettings, StateUnavailable
from support.processes import start_at_once

SERVER_CODE = Path(__file__).parents[3] / "server_code"
STEPS = (
    ("CREATE TABLE things (name {text} PRIMARY KEY, size {big_integer})",),
    ("ALTER TABLE things ADD COLUMN colour {text}", "UPDATE things SET colour = 'red'"),
)

OPEN_AT_ONCE = """
import sys
from ingest.adapters.sql import open_sql_state
print("ready", flush=True)
sys.stdin.readline()
state = open_sql_state(sys.argv[1])
print(state.count_ledger().attempts)
state.close()
"""


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "state.db")
    url: str = request.getfixturevalue("postgres").new_database_url()
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open an empty database without tables."""
    opened = Database(choose_dialect(database_url))
    yield opened
    opened.close()


def version(database: Database) -> int:
    (row,) = database.read("SELECT version FROM schema_version")
    return int(row[0])


def test_a_fresh_database_gets_the_newest_tables(database: Database) -> None:
    """Doing it again changes nothing."""
    migrate(database)
    migrate(database)
    assert version(database) == len(MIGRATIONS)


def test_an_old_database_takes_the_steps_that_it_lacks(database: Database) -> None:
    """What it holds is kept."""
    migrate(database, STEPS[:1])
    database.write(lambda session: session.execute("INSERT INTO things VALUES ('a', 1)"))
    migrate(database, STEPS)
    assert version(database) == 2
    assert database.read("SELECT name, size, colour FROM things") == [("a", 1, "red")]


def test_a_step_that_fails_changes_nothing(database: Database) -> None:
    """A process that comes later finds the tables as they were."""
    migrate(database, STEPS[:1])
    broken = (STEPS[0], ("CREATE TABLE others (name {text})", "UPDATE nothing SET x = 1"))
    with pytest.raises(StateUnavailable):
        migrate(database, broken)
    assert version(database) == 1
    with pytest.raises(StateUnavailable, match="has lost a table"):
        database.read("SELECT * FROM others")


def test_a_newer_database_is_left_alone(database: Database) -> None:
    """An old program does not write what a newer one reads."""
    migrate(database, STEPS)
    with pytest.raises(
        BadSettings, match="tables of version 2, and this Runstream knows version 1"
    ):
        migrate(database, STEPS[:1])
    assert version(database) == 2


def test_processes_may_start_at_once_on_a_fresh_database(database_url: str) -> None:
    """One makes the tables, and the others wait for it."""
    opening = [sys.executable, "-c", OPEN_AT_ONCE, database_url]
    assert start_at_once([opening] * 4, search=[SERVER_CODE]) == [["0"]] * 4


def test_tables_that_are_up_to_date_are_only_read(tmp_path: Path) -> None:
    """A person looks at the state while another process writes, or the disk is read-only."""
    path = tmp_path / "state.db"
    open_sql_state(str(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        state = open_sql_state(str(path))
        assert state.list_repositories() == []
        state.close()
