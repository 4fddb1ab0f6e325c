"""A collection's progress in a sentence, in every state that it may be in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.collection_records import CollectionPhase as Phase
from ingest.domain.timestamps import format_timestamp
from ingest.errors import NotFound
from ingest.services.collections.manual_collection import LOST_AFTER, find_collection
from ingest.services.dashboard.collection import collection_row, is_recent
from support.state_records import NOW, a_collection, an_agent, at

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
    record = a_collection(phase=phase, updated_at=NOW - silence, note=note, counts=counts)
    return collection_row(record, now=NOW)


@pytest.mark.parametrize(
    ("phase", "state", "sentence"),
    [
        (Phase.STARTING, "running", "Searching for runs: 1 of 3 repositories."),
        (Phase.SEARCHING, "running", "Searching for runs: 1 of 3 repositories."),
        (Phase.COLLECTING, "running", f"Reading runs: {FOUND} so far."),
        (Phase.FETCHING, "running", f"Fetching logs: {FOUND} so far."),
        (Phase.DONE, "completed", f"Collected {FOUND} from 3 repositories."),
    ],
)
def test_each_phase_has_its_sentence(phase, state, sentence):
    """With the numbers that move in it."""
    shown = row(phase)
    assert (shown["phase"], shown["state"], shown["sentence"]) == (phase, state, sentence)
    assert shown["error"] is None


def test_what_is_left_is_reported_at_the_end():
    """It comes by itself."""
    assert row(Phase.DONE, note="Logs come.")["sentence"].endswith("repositories. Logs come.")


def test_a_failure_reports_why():
    """In the sentence and alone."""
    shown = row(Phase.FAILED, note="The tables are away.")
    assert shown["state"] == "failed"
    assert shown["sentence"] == "The collection failed: The tables are away."
    assert shown["error"] == "The tables are away."


def test_one_that_was_killed_is_lost_after_a_while():
    """One that has ended is not."""
    assert row(Phase.FETCHING, silence=LOST_AFTER - timedelta(seconds=1))["state"] == "running"
    lost = row(Phase.FETCHING, silence=LOST_AFTER)
    assert lost["state"] == "lost"
    assert FOUND in lost["sentence"]
    assert row(Phase.DONE, silence=2 * LOST_AFTER)["state"] == "completed"
    assert row(Phase.FAILED, silence=2 * LOST_AFTER, note="n")["state"] == "failed"


def test_what_is_one_is_named_as_one():
    one = dict.fromkeys(("repositories_done", "repositories_total", "runs", "jobs", "logs"), 1)
    sentence = row(Phase.DONE, counts=one)["sentence"]
    assert sentence == "Collected 1 new run, 1 job and 1 log from 1 repository."


def test_one_from_before_the_clock_was_set_back_is_lost():
    """Else its page would wait for it until the clock is there again."""
    before = a_collection(phase=Phase.FETCHING, updated_at=NOW + LOST_AFTER, counts=COUNTS)
    assert collection_row(before, now=NOW)["state"] == "lost"
    assert is_recent(before, NOW)
    assert not is_recent(before, NOW - timedelta(hours=1))


def test_all_its_numbers_and_times_are_laid_out():
    """Zeros where nothing was counted yet."""
    shown = row(Phase.FETCHING, silence=timedelta(seconds=3))
    numbers = ("repositories_done", "repositories_total", "runs", "jobs", "logs")
    assert {name: shown[name] for name in numbers} == {name: COUNTS[name] for name in numbers}
    assert shown["collection_id"] == "c1"
    assert shown["started_at"] == format_timestamp(at(-60))
    assert shown["updated_at"] == format_timestamp(at(-3))
    assert {row(Phase.STARTING, counts={})[name] for name in numbers} == {0}


def test_a_collection_is_found_by_its_id_among_all_heartbeats():
    """One that is forgotten says what to do."""
    state = open_sql_state("sqlite://")
    state.save_agent(an_agent("monitor", "c1"))
    with pytest.raises(NotFound, match="Start a new one"):
        find_collection(state, "c1")
    state.save_collection(a_collection("c1", phase=Phase.SEARCHING))
    state.save_collection(a_collection("c2", phase=Phase.DONE))
    assert find_collection(state, "c2").phase == Phase.DONE
