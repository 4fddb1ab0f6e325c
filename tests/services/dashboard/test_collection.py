"""A collection's progress in a sentence, in every state that it may be in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.timestamps import format_timestamp
from ingest.errors import NotFound
from ingest.services.collect_now import (
    COLLECTING,
    DONE,
    FAILED,
    FETCHING,
    LOOKING,
    LOST_AFTER,
    MANUAL_COLLECTION,
    STARTING,
)
from ingest.services.dashboard.collection import collection_row, load_collection
from support.state_records import NOW, an_agent, at

COUNTS = {
    "repositories_done": 1,
    "repositories_total": 3,
    "runs": 1200,
    "jobs": 3400,
    "logs": 5,
    "rounds": 2,
}
FOUND = "1,200 new runs, 3,400 jobs and 5 logs"


def row(phase: str, *, silence: timedelta = timedelta(0), note: str | None = None, counts=COUNTS):
    record = an_agent(
        MANUAL_COLLECTION, "c1", state=phase, heartbeat_at=NOW - silence, note=note, counts=counts
    )
    return collection_row(record, now=NOW)


@pytest.mark.parametrize(
    ("phase", "state", "sentence"),
    [
        (STARTING, "running", "Searching for runs: 1 of 3 repositories."),
        (LOOKING, "running", "Searching for runs: 1 of 3 repositories."),
        (COLLECTING, "running", f"Reading runs: {FOUND} so far."),
        (FETCHING, "running", f"Fetching logs: {FOUND} so far."),
        (DONE, "completed", f"Collected {FOUND} from 3 repositories."),
    ],
)
def test_each_phase_has_its_sentence(phase, state, sentence):
    """With the numbers that move in it."""
    shown = row(phase)
    assert (shown["phase"], shown["state"], shown["sentence"]) == (phase, state, sentence)
    assert shown["error"] is None


def test_what_is_left_is_said_at_the_end():
    """It comes by itself."""
    assert row(DONE, note="Logs come.")["sentence"].endswith("repositories. Logs come.")


def test_a_failure_says_why():
    """In the sentence and alone."""
    shown = row(FAILED, note="The tables are away.")
    assert shown["state"] == "failed"
    assert shown["sentence"] == "The collection failed: The tables are away."
    assert shown["error"] == "The tables are away."


def test_one_that_was_killed_is_lost_after_a_while():
    """One that has ended is not."""
    assert row(FETCHING, silence=LOST_AFTER - timedelta(seconds=1))["state"] == "running"
    lost = row(FETCHING, silence=LOST_AFTER)
    assert lost["state"] == "lost"
    assert FOUND in lost["sentence"]
    assert row(DONE, silence=2 * LOST_AFTER)["state"] == "completed"
    assert row(FAILED, silence=2 * LOST_AFTER, note="n")["state"] == "failed"


def test_all_its_numbers_and_times_are_laid_out():
    """Zeros where nothing was counted yet."""
    shown = row(FETCHING, silence=timedelta(seconds=3))
    numbers = ("repositories_done", "repositories_total", "runs", "jobs", "logs")
    assert {name: shown[name] for name in numbers} == {name: COUNTS[name] for name in numbers}
    assert shown["collection_id"] == "c1"
    assert shown["started_at"] == format_timestamp(at(-60))
    assert shown["updated_at"] == format_timestamp(at(-3))
    assert {row(STARTING, counts={})[name] for name in numbers} == {0}


def test_a_collection_is_found_by_its_id_among_all_signs_of_life():
    """One that is forgotten says what to do."""
    state = open_sql_state("sqlite://")
    state.save_agent(an_agent("monitor", "c1"))
    with pytest.raises(NotFound, match="Start a new one"):
        load_collection(state, "c1", now=NOW)
    state.save_agent(an_agent(MANUAL_COLLECTION, "c1", state=LOOKING))
    state.save_agent(an_agent(MANUAL_COLLECTION, "c2", state=DONE))
    assert load_collection(state, "c2", now=NOW)["state"] == "completed"
