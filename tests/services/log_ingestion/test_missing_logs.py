"""Logs that GitHub has only hours after their jobs ended, as after an outage."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ingest.domain.ledger import LOG_FETCHED, LOG_MISSING, LOG_UNAVAILABLE
from ingest.services.log_ingestion.read_log import explain_not_fetched
from ingest.services.log_ingestion.requeue_logs import (
    RECHECK_MISSING_AFTER,
    requeue_missing_logs,
    requeue_stale_logs,
)
from support.world import REPOSITORY, Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

NO_LOGS = Fault(path="/logs$", do="missing")
PAUSE = RECHECK_MISSING_AFTER.total_seconds() + 1


def without_logs(stage, *, at: float = 100, days: int = 1, log_mode: str = "live") -> Stage:
    """Return a stage with a run whose two logs GitHub does not have; both are published so."""
    world = WorldBuilder().run(seconds=60).job("build", log=b"one\n").job("test", log=b"two\n")
    here = stage(world, at=at, days=days, log_mode=log_mode)
    here.fail(NO_LOGS)
    assert here.poll() is None
    here.ingest(rounds=60)
    assert kinds(here) == ["job_log_unavailable"] * 2
    return here


def kinds(here: Stage) -> list[str]:
    return [log["event_type"] for log in here.logs()]


def states(here: Stage) -> set[str]:
    return {log.state for log in here.state.load_job_logs(here.attempt().key).values()}


@pytest.mark.parametrize("log_mode", ["live", "economy"])
@pytest.mark.parametrize("rounds", [0, 2])
def test_a_log_that_comes_hours_late_is_published(stage, log_mode, rounds):
    """After the message that it is unavailable, which comes as soon as ever."""
    here = without_logs(stage, log_mode=log_mode)
    assert states(here) == {LOG_MISSING}
    for _ in range(rounds):
        here.advance(PAUSE)
        assert requeue_missing_logs(here.context) == 2
        here.ingest()
    here.fail()
    assert requeue_missing_logs(here.context) == 0
    here.advance(PAUSE)
    assert requeue_missing_logs(here.context, ["octo/other"]) == 0
    assert requeue_missing_logs(here.context, [REPOSITORY]) == 2
    here.ingest()
    assert kinds(here)[2:] == ["job_log_fetched"] * 2
    assert {log["data"].get("log_content") for log in here.logs()} == {None, "one\n", "two\n"}
    assert states(here) == {LOG_FETCHED}
    assert here.errors() == []


def test_a_log_that_never_comes_is_requested_few_times_and_reported_once(stage):
    """One request each time, for a day."""
    here = without_logs(stage)
    before = here.requests()
    for _ in range(20):
        here.advance(PAUSE)
        requeue_stale_logs(here.context)
        requeue_missing_logs(here.context)
        here.ingest()
    assert here.requests() - before == 2 * 8
    assert len(here.logs()) == 2
    assert states(here) == {LOG_UNAVAILABLE}
    assert here.errors() == []


def test_a_missing_log_is_not_requested_with_those_of_later_jobs(stage):
    """It has no tries yet: each of theirs would count as the first, a second after the last."""
    world = WorldBuilder().run(seconds=1900)
    world.job("build", seconds=60, log=b"one\n").job("test", seconds=1890, log=b"two\n")
    here = stage(world, at=1910, log_mode="economy")
    here.fail(NO_LOGS)
    assert here.poll() is None
    before = here.requests()
    here.ingest(every=1, rounds=1800)
    assert kinds(here) == ["job_log_unavailable"] * 2
    assert here.requests() - before < 40


def test_a_log_of_an_old_job_is_gone(stage):
    """Otherwise each log of a backfill that GitHub does not have any more would cost requests."""
    here = without_logs(stage, at=timedelta(days=2).total_seconds(), days=3)
    assert states(here) == {LOG_UNAVAILABLE}


def test_a_failure_at_a_later_request_ends_nothing(stage):
    """It says nothing about the log; the reason that was published is kept."""
    here = without_logs(stage)
    here.fail(Fault(path="/logs$", do="error", status=502, count=3))
    here.advance(24 * PAUSE)
    assert requeue_missing_logs(here.context) == 2
    here.ingest()
    assert states(here) == {LOG_FETCHED}


def test_a_missing_log_may_become_available(stage):
    """Its page says so, and why there is none now."""
    here = without_logs(stage)
    [record, _] = here.state.load_job_logs(here.attempt().key).values()
    shown = explain_not_fetched(record)
    assert (shown.state, shown.may_become_available) == (LOG_UNAVAILABLE, True)
    assert shown.reason.startswith("not_found: ")
