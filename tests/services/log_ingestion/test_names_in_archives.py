"""Two jobs of one name, of which a filter leaves one: its log is never that of the other."""

from __future__ import annotations

import pytest
from ingest.domain.filters import LOGS_FAILED, Filters
from ingest.services.collections.replay_logs import replay_fetched_logs
from ingest.services.log_ingestion.ingest_failed_jobs import (
    MIN_WAIT_IN_QUEUE,
    ingest_logs_of_failed_jobs,
)
from support.world import Stage
from support.world_builder import WorldBuilder


def filtered(stage, log_mode: str) -> Stage:
    """Collect a run whose archive holds two logs under one name, and of which two are due."""
    world = WorldBuilder().run("failure", seconds=60).job("test", "success", log=b"other")
    world.job("test", "failure", log=b"failed").job("lint", "failure", log=b"lint")
    here = stage(world, at=100, log_mode=log_mode, filters=Filters(logs=LOGS_FAILED))
    assert here.poll() is None
    return here


def contents(here: Stage) -> list[tuple[str, str]]:
    return sorted((log["data"]["job_name"], log["data"]["log_content"]) for log in here.logs())


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_a_log_that_a_filter_leaves_out_is_not_taken_for_its_namesakes(stage, log_mode):
    """The ledger knows the names of all jobs, also of those whose logs are not due."""
    here = filtered(stage, log_mode)
    here.ingest()
    assert contents(here) == [("lint", "lint"), ("test", "failed")]
    assert (here.requests("get_attempt_log"), here.requests("get_job_log")) == (1, 1)


def test_nor_where_a_failure_is_taken_before_its_turn(stage):
    """It has no work item that would name the other jobs."""
    here = filtered(stage, "economy")
    here.advance(MIN_WAIT_IN_QUEUE.total_seconds() + 1)
    assert ingest_logs_of_failed_jobs(here.context) == 2
    assert contents(here) == [("lint", "lint"), ("test", "failed")]


def test_nor_in_a_replay(stage):
    """An attempt that has left the ledger is read from GitHub, with all its jobs."""
    here = filtered(stage, "economy")
    record = here.attempt()
    due = list(here.state.load_job_logs(record.key).values())
    assert replay_fetched_logs(here.context, record, due).replayed == 2
    assert contents(here) == [("lint", "lint"), ("test", "failed")]
