"""A slice of a backlog costs the same however long the backlog is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.ledger import AttemptRecord
from ingest.domain.runs import AttemptKey
from support.state_records import NOW, a_run

BACKLOG = 2000


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the hundreds of steps that SQLite takes, in every connection that is opened."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    connect = sqlite3.connect

    def connect_counted(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.set_progress_handler(count, 100)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_counted)
    return counted


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_slice_of_a_long_backlog_is_read_alone(
    tmp_path: Path, steps: list[int], newest_first: bool
) -> None:
    """The rest of it is neither read nor sorted."""
    with closing(open_sql_state(str(tmp_path / "state.db"))) as state:
        taken = []
        for numbers in (range(100), range(100, BACKLOG)):
            state.save_attempts(list(map(due_attempt, numbers)))
            before = steps[0]
            found = state.load_due_attempts(
                "octo/api", now=NOW, limit=80, newest_first=newest_first
            )
            assert len(found) == 80
            taken.append(steps[0] - before)
    assert taken[1] <= 1.5 * taken[0]


def due_attempt(number: int) -> AttemptRecord:
    return AttemptRecord(
        key=AttemptKey("octo/api", number + 1, 1),
        created_at=NOW - timedelta(seconds=number),
        run=a_run(number + 1),
        next_check_at=NOW,
    )
