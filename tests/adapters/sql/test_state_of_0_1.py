"""State that release 0.1 wrote is opened, read whole, and gone on with; nothing is sent twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from ingest.adapters.sql import open_sql_state
from ingest.ports import StateStore
from ingest.services.log_ingestion.requeue_logs import requeue_stale_logs
from support.postgres_server import PostgresServer
from support.recorded_state import (
    FOLDER,
    RECORDED_AT,
    assert_reads_cached_logs,
    assert_reads_every_record,
    published_by_0_1,
    recorded_world,
    save_everything_again,
)
from support.world import Stage

REPOSITORIES = ("octo/api", "octo/web", "octo/broken")

Restore = Callable[[], str]
OpenLater = Callable[["StateStore | None"], Stage]


@pytest.fixture
def restore_sqlite(tmp_path: Path) -> Restore:
    """Restore the recorded SQLite file; gives its URL."""

    def restore() -> str:
        path = tmp_path / "state.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((FOLDER / "sqlite.sql").read_text("utf-8"))
        return f"sqlite:///{path}"

    return restore


@pytest.fixture
def restore_postgres(postgres: PostgresServer) -> Restore:
    """Restore the recorded PostgreSQL database; gives its URL."""

    def restore() -> str:
        url = postgres.new_database_url()
        with closing(psycopg2.connect(url)) as connection, connection:
            connection.cursor().execute((FOLDER / "postgres.sql").read_text("utf-8"))
        return url

    return restore


@pytest.fixture(params=["sqlite", "postgres"])
def state(request: pytest.FixtureRequest) -> Iterator[StateStore]:
    """Open the recorded state with today's code."""
    restore: Restore = request.getfixturevalue(f"restore_{request.param}")
    opened = open_sql_state(restore())
    yield opened
    opened.close()


@pytest.fixture
def later() -> Iterator[OpenLater]:
    """Open a collector of the recorded world, at the moment at which the state was recorded."""
    with ExitStack() as opened:

        def open_later(state: StateStore | None) -> Stage:
            options = {} if state is None else {"state": state}
            stage = Stage(recorded_world(), at=RECORDED_AT, **options)
            opened.callback(stage.close)
            if state is None:
                for name in REPOSITORIES:
                    stage.watch(name)
            else:
                stage.state = state
            return stage

        yield open_later


def ids(stage: Stage) -> set[str]:
    """Return the ids of all events on the queues of metrics and logs."""
    return {each["event_id"] for each in (*stage.metrics(), *stage.logs())}


def poll_all(stage: Stage) -> None:
    """Poll all repositories, none of which may fail."""
    for name in REPOSITORIES:
        error = stage.poll(name)
        assert error is None, error


def test_every_record_is_read(state: StateStore) -> None:
    """Each field that release 0.1 read has the value that it had."""
    assert_reads_every_record(state)
    assert_reads_cached_logs(state.log_cache)


def test_records_that_are_saved_again_keep_their_values(state: StateStore) -> None:
    """Today's form of a record holds all that the recorded form held."""
    save_everything_again(state)
    assert_reads_every_record(state)


def test_polling_continues_and_publishes_nothing_again(state: StateStore, later: OpenLater) -> None:
    """What was in flight, and what could not be read, is published when it can be."""
    here = later(state)
    poll_all(here)
    assert ids(here) == set()
    here.move_to(RECORDED_AT + 1200)
    poll_all(here)
    here.ingest()
    assert not ids(here) & published_by_0_1()
    ended = {
        (each["data"]["repo"], each["data"]["run_number"], each["data"]["run_attempt"])
        for each in here.runs()
    }
    assert ended == {("octo/api", 4, 1), ("octo/api", 6, 2), ("octo/broken", 1, 1)}


def test_logs_that_were_pending_are_fetched(state: StateStore, later: OpenLater) -> None:
    """Those that were fetched stay as they are."""
    here = later(state)
    here.advance(60)
    assert requeue_stale_logs(here.context, older_than=timedelta(0)) == 2
    here.ingest()
    assert {each["data"]["job_name"] for each in here.logs()} == {"quick", "late"}
    assert not ids(here) & published_by_0_1()


def test_event_ids_are_those_of_0_1(state: StateStore, later: OpenLater) -> None:
    """A collector without that state publishes the same ids for what has ended."""
    fresh = later(None)
    poll_all(fresh)
    ended = {
        each["event_id"] for each in fresh.metrics() if each["event_type"].endswith("_completed")
    }
    here = later(state)
    here.move_to(RECORDED_AT + 1200)
    poll_all(here)
    assert len(ended) >= 15
    assert ended <= published_by_0_1() | ids(here)
