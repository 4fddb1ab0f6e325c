"""What every state store keeps of what was counted."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ingest.domain.saved_counters import COUNT_INTERVAL, COUNTS_KEPT_FOR, SavedCounters
from ingest.ports import StateStore
from support.state_records import LARGEST_ID, ODD_TEXTS

#: A span begins here.
START = datetime(2026, 11, 24, 12, 5, tzinfo=timezone.utc)
LAST = START + COUNT_INTERVAL - datetime.resolution


def test_nothing_was_counted_at_first(state: StateStore) -> None:
    """Neither totals nor intervals."""
    assert state.load_saved_counters() == SavedCounters()


def test_counts_add_up_in_all_and_by_the_span(state: StateStore) -> None:
    """From its first microsecond to its last."""
    state.add_to_saved_counters({"runs": 1, "jobs": 2}, now=START)
    state.add_to_saved_counters({"runs": 3}, now=LAST)
    state.add_to_saved_counters({"logs": 4, "runs": 1}, now=START + COUNT_INTERVAL)
    assert state.load_saved_counters() == SavedCounters(
        totals={"runs": 5, "jobs": 2, "logs": 4},
        intervals=(
            (START, {"runs": 4, "jobs": 2}),
            (START + COUNT_INTERVAL, {"logs": 4, "runs": 1}),
        ),
    )


def test_spans_come_oldest_first_whenever_they_were_added(state: StateStore) -> None:
    """Another process may be late."""
    for minutes in (1, -1, 0):
        state.add_to_saved_counters({"runs": 1}, now=START + minutes * COUNT_INTERVAL)
    starts = [start for start, _ in state.load_saved_counters().intervals]
    assert starts == [START - COUNT_INTERVAL, START, START + COUNT_INTERVAL]


def test_what_did_not_grow_is_not_there(state: StateStore) -> None:
    """A quiet time leaves no span."""
    state.add_to_saved_counters({}, now=START)
    state.add_to_saved_counters({"runs": 0}, now=START)
    assert state.load_saved_counters() == SavedCounters()


def test_old_spans_go_and_totals_stay(state: StateStore) -> None:
    """A day is kept, with the span that has just begun."""
    state.add_to_saved_counters({"runs": 1}, now=START)
    state.add_to_saved_counters({"runs": 1}, now=START + COUNT_INTERVAL)
    state.add_to_saved_counters({"runs": 1}, now=START + COUNTS_KEPT_FOR)
    saved_counters = state.load_saved_counters()
    assert saved_counters.totals == {"runs": 3}
    assert [start for start, _ in saved_counters.intervals] == [
        START + COUNT_INTERVAL,
        START + COUNTS_KEPT_FOR,
    ]


def test_very_many_names_and_large_amounts_are_counted(state: StateStore) -> None:
    """Callers need not know what a statement takes."""
    counts = {f"name-{number}": number + 1 for number in range(600)}
    state.add_to_saved_counters({**counts, "large": LARGEST_ID - 1}, now=START)
    state.add_to_saved_counters({"large": 1}, now=START)
    assert state.load_saved_counters().totals == {**counts, "large": LARGEST_ID}
    assert len(state.load_saved_counters().intervals) == 1


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_name_may_be_any_text(state: StateStore, text: str) -> None:
    """It comes back as it was."""
    state.add_to_saved_counters({text: 1}, now=START)
    state.add_to_saved_counters({text: 1}, now=START)
    assert state.load_saved_counters() == SavedCounters(
        totals={text: 2}, intervals=((START, {text: 2}),)
    )


def test_a_change_to_what_was_read_changes_nothing_stored(state: StateStore) -> None:
    """Totals are a copy."""
    state.add_to_saved_counters({"runs": 1}, now=START)
    state.load_saved_counters().totals["runs"] = 9  # type: ignore[index]
    state.load_saved_counters().intervals[0][1]["runs"] = 9  # type: ignore[index]
    assert state.load_saved_counters() == SavedCounters(
        totals={"runs": 1}, intervals=((START, {"runs": 1}),)
    )
