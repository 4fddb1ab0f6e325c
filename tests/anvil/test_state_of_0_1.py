"""Rows that release 0.1 wrote to Data Tables are read whole and gone on with."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from anvil.tables import app_tables
from ingest.adapters.data_tables import open_data_tables_state
from support.recorded_state import (
    RECORDED_AT,
    assert_reads_cached_logs,
    assert_reads_every_record,
    published_by_0_1,
    recorded_lines,
    recorded_world,
    save_everything_again,
)
from support.world import Stage


def value_of(written: Any) -> Any:
    """Read a value of a row; times are objects in JSON."""
    return datetime.fromisoformat(written["time"]) if isinstance(written, dict) else written


@pytest.fixture
def recorded_state(state):
    """Open the state of an app whose tables hold the recorded rows."""
    for line in recorded_lines("data_tables.jsonl"):
        row = {name: value_of(value) for name, value in line["row"].items()}
        getattr(app_tables, line["table"]).add_row(**row)
    return state


def test_every_record_is_read(recorded_state):
    """Each field that release 0.1 read has the value that it had."""
    assert_reads_every_record(recorded_state)
    assert_reads_cached_logs(open_data_tables_state().log_cache)


def test_records_that_are_saved_again_keep_their_values(recorded_state):
    """Today's form of a record holds all that the recorded form held."""
    save_everything_again(recorded_state)
    assert_reads_every_record(recorded_state)


def test_polling_goes_on_and_publishes_nothing_again(recorded_state):
    """What was in flight, and what could not be read, is published when it can be."""
    with closing(Stage(recorded_world(), at=RECORDED_AT, state=recorded_state)) as here:
        here.state = recorded_state
        for moment in (RECORDED_AT, RECORDED_AT + 1200):
            here.move_to(moment)
            for name in ("octo/api", "octo/web", "octo/broken"):
                assert here.poll(name) is None
        ended = {
            (each["data"]["repo"], each["data"]["run_number"], each["data"]["run_attempt"])
            for each in here.runs()
        }
        assert ended == {("octo/api", 4, 1), ("octo/api", 6, 2), ("octo/broken", 1, 1)}
        assert not {each["event_id"] for each in here.metrics()} & published_by_0_1()
