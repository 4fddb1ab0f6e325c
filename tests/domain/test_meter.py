"""Counters lose nothing when many threads raise them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ingest.domain.meter import Meter


def test_a_counter_that_was_never_raised_is_zero():
    """Reading does not make it appear."""
    meter = Meter()
    assert meter.read("runs") == 0
    assert meter.snapshot() == {}


def test_every_raise_counts_whoever_does_it():
    """Threads of one process share one meter."""
    meter = Meter()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(lambda: [meter.add("runs", 2) for _ in range(500)])
    meter.add("jobs")
    assert meter.read("runs") == 8 * 500 * 2
    assert meter.snapshot() == {"runs": 8000, "jobs": 1}


def test_a_snapshot_is_a_copy():
    """What was read stays as it was."""
    meter = Meter()
    meter.add("runs")
    before = meter.snapshot()
    meter.add("runs")
    assert before == {"runs": 1}
