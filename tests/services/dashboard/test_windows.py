"""Runs and lag of the last hour, day and week."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ingest.adapters.sql import open_sql_state
from ingest.domain.counters import Counters
from ingest.domain.saved_counters import SavedCounters
from ingest.services.dashboard.windows import WINDOWS, window_rows
from ingest.services.monitoring.count_published import count_job_lag
from support.state_records import a_summary

NOW = datetime(2026, 11, 24, 12, 7, tzinfo=timezone.utc)


def test_a_run_is_counted_in_every_window_that_contains_its_end():
    runs = [
        a_summary(1, conclusion="success", completed_at=NOW - timedelta(minutes=3)),
        a_summary(2, conclusion="failure", completed_at=NOW - timedelta(hours=5)),
        a_summary(3, conclusion="failure", completed_at=NOW - timedelta(days=3)),
        a_summary(4, conclusion="failure", completed_at=NOW - timedelta(days=30)),
    ]
    windows = window_rows(runs, SavedCounters(), now=NOW)
    counted = {
        name: (
            sum(interval["success"] for interval in window["runs"]),
            sum(interval["failure"] for interval in window["runs"]),
        )
        for name, window in windows.items()
    }
    assert counted == {"1h": (1, 0), "24h": (1, 1), "7d": (1, 2)}
    assert windows["1h"]["runs"][-1]["at"] == "2026-11-24T12:05:00Z"
    assert {name: len(window["runs"]) for name, window in windows.items()} == {
        window.name: window.interval_count for window in WINDOWS
    }


def test_lag_is_that_of_the_jobs_of_the_window():
    state = open_sql_state("sqlite://")
    for hours, seconds in ((3, 200), (0, 8)):
        counters = Counters()
        at = NOW - timedelta(hours=hours)
        count_job_lag(counters, at, [at - timedelta(seconds=seconds)])
        state.add_to_saved_counters(counters.snapshot(), now=at)
    windows = window_rows([], state.load_saved_counters(), now=NOW)
    assert windows["1h"]["lag"] == {"jobs": 1, "median_seconds": 10, "p95_seconds": 10}
    assert windows["24h"]["lag"] == {"jobs": 2, "median_seconds": 10, "p95_seconds": 300}


def test_without_jobs_there_is_no_lag():
    lag = window_rows([], SavedCounters(), now=NOW)["1h"]["lag"]
    assert lag == {"jobs": 0, "median_seconds": None, "p95_seconds": None}
