"""Counters lose nothing when many threads raise them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ingest.domain.counters import Counters


def test_a_counter_that_was_never_raised_is_zero():
    """Reading does not make it appear."""
    counters = Counters()
    assert counters.read("runs") == 0
    assert counters.snapshot() == {}


def test_every_raise_counts_whoever_does_it():
    """Threads of one process share one meter."""
    counters = Counters()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(lambda: [counters.add("runs", 2) for _ in range(500)])
    counters.add("jobs")
    assert counters.read("runs") == 8 * 500 * 2
    assert counters.snapshot() == {"runs": 8000, "jobs": 1}


def test_a_snapshot_is_a_copy():
    """What was read stays as it was."""
    counters = Counters()
    counters.add("runs")
    before = counters.snapshot()
    counters.add("runs")
    assert before == {"runs": 1}
