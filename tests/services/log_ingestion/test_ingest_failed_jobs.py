"""Logs of the latest failures do not wait behind a backfill, nor it behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from ingest.domain.ledger import LOG_FETCHED
from ingest.errors import OutOfMemory, RateLimited, StateUnavailable
from ingest.services.log_ingestion.fetch_logs import fetch_logs
from ingest.services.log_ingestion.ingest_failed_jobs import (
    FAILED_JOBS_PER_TURN,
    MIN_WAIT_IN_QUEUE,
    ingest_logs_of_failed_jobs,
)
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from ingest.services.log_ingestion.spool import Spool
from support.changed_ports import Changed, raising
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

from standalone.sandbox.faults import Fault

BACKFILL = 30


def a_backlog(stage, *, failures: int = 1, log_mode: str = "live"):
    """Publish the work of many old runs, and then that of runs that failed; fetch none."""
    world = WorldBuilder()
    for number in range(BACKFILL):
        world.run(created=number, seconds=30).job("old", log=b"old\n")
    for number in range(failures):
        world.run("failure", created=1000 + number, seconds=30)
        world.job("broken", "failure", log=b"##[error]broken\n").job(
            "fine", "success", log=b"fine\n"
        )
    here = stage(world, at=900, log_mode=log_mode)
    here.poll_for(200)
    here.move_to(2000)
    here.poll_for(MIN_WAIT_IN_QUEUE.total_seconds() + 31)
    return here


def turn(here) -> list[str]:
    """Run one turn of the log agent; return the names of the jobs whose logs it published."""
    before = len(here.logs())
    ingest_due_logs(here.context, wait_seconds=0)
    return [each["data"]["job_name"] for each in here.logs()[before:]]


def test_a_new_failure_does_not_wait_for_a_backfill(stage):
    """Its log is the first; the turn still takes its batch of the backfill."""
    here = a_backlog(stage)
    assert turn(here) == ["broken", *["old"] * 10]
    while turn(here):
        pass
    names = [each["data"]["job_name"] for each in here.logs()]
    assert sorted(names) == ["broken", "fine", *["old"] * BACKFILL]
    assert here.requests("get_job_log") == len(names)


def test_a_defect_that_hits_one_log_leaves_it_to_its_work_item(stage):
    """Those of the other failures are published early all the same."""
    here = a_backlog(stage, failures=3)
    send, failed = here.queues.logs.send, []

    def fail_once(batch):
        if not failed:
            failed.append(batch)
            raise ZeroDivisionError
        return send(batch)

    here.queues.logs.send = fail_once
    assert ingest_logs_of_failed_jobs(here.context) == 3
    assert len(here.logs()) == 2
    [error] = here.errors()
    assert "was not published early: A defect of Runstream" in error
    while turn(here):
        pass
    assert len(here.logs()) == BACKFILL + 6


def test_a_defect_that_ends_one_fetch_leaves_the_others(stage, monkeypatch):
    """The work items have the log of the first, and the queue is not kept from its turn."""
    here, fetch = a_backlog(stage, failures=3), fetch_logs
    defective = FIRST_RUN + BACKFILL + 1

    def fetch_others(github, work, *arguments):
        if work.key.run_id == defective:
            raise ZeroDivisionError
        return fetch(github, work, *arguments)

    module = ingest_logs_of_failed_jobs.__module__
    monkeypatch.setattr(f"{module}.fetch_logs", fetch_others)
    assert turn(here) == ["broken"] * 2 + ["old"] * 10
    while turn(here):
        pass
    assert len(here.logs()) == BACKFILL + 6


def test_failures_have_a_bounded_share(stage):
    """The latest are first, a few in each turn, beside ten of the queue."""
    here = a_backlog(stage, failures=12)
    turns = [turn(here) for _ in range(3)]
    assert [names.count("broken") for names in turns] == [FAILED_JOBS_PER_TURN] * 2 + [2]
    assert [names.count("old") for names in turns] == [10, 10, 10]
    first = [each["data"]["run_id"] for each in here.logs()[:FAILED_JOBS_PER_TURN]]
    newest = FIRST_RUN + BACKFILL + 12
    assert sorted(first) == list(range(newest - FAILED_JOBS_PER_TURN + 1, newest + 1))


def test_an_ended_attempt_is_one_archive_in_economy_mode(stage):
    """All of its logs come with that of the failure, for one request."""
    here = a_backlog(stage, log_mode="economy")
    names = turn(here)
    assert sorted(names[:2]) == ["broken", "fine"]
    assert here.requests("get_attempt_log") == len(names) - 1
    assert here.requests("get_job_log") == 0


def test_a_failure_whose_attempt_owes_no_other_log_is_fetched_alone(stage):
    """Its archive would hold the log that was published before."""
    here = a_backlog(stage, log_mode="economy")
    key = here.attempt(run=BACKFILL + 1).key
    logs = here.state.load_job_logs(key).values()
    [fine] = [log for log in logs if log.job_name == "fine"]
    here.state.save_job_logs([replace(fine, state=LOG_FETCHED)])
    assert ingest_logs_of_failed_jobs(here.context) == 1
    assert [each["data"]["job_name"] for each in here.logs()] == ["broken"]
    assert (here.requests("get_job_log"), here.requests("get_attempt_log")) == (1, 0)


def test_a_log_that_fails_early_is_fetched_in_its_turn(stage):
    """It is not taken twice, and holds nothing else."""
    here = a_backlog(stage)
    job_id = FIRST_JOB + BACKFILL + 1
    here.fail(Fault(path=f"/jobs/{job_id}/logs", do="error", status=502, count=1))
    assert turn(here) == ["old"] * 10
    while turn(here):
        pass
    assert len(here.logs()) == BACKFILL + 2


def test_a_log_whose_steps_cannot_be_read_is_let_go_of(stage, monkeypatch):
    """Its file takes no space until it is fetched again."""
    here, spools = a_backlog(stage), []
    enter = Spool.__init__

    def remembered(spool: Spool) -> None:
        enter(spool)
        spools.append(spool)

    unavailable = raising(StateUnavailable("The state store does not answer."))
    monkeypatch.setattr(Spool, "__init__", remembered)
    monkeypatch.setattr(f"{ingest_logs_of_failed_jobs.__module__}.load_job_steps", unavailable)
    assert ingest_logs_of_failed_jobs(here.context) == 1
    assert [each.closed for each in spools] == [True]


@pytest.mark.parametrize("limited", [1, 2])
def test_memory_that_is_used_up_ends_the_process_also_amid_a_limit(stage, limited):
    """Its pause would let the same process go on without memory."""
    here, both_began = a_backlog(stage, failures=2), Barrier(2)

    def fetch_job_log(_repository, job_id, *_arguments, **_options):
        both_began.wait(60)
        if job_id == FIRST_JOB + BACKFILL + 2 * limited - 1:
            raise RateLimited("Wait.", retry_at=here.clock.now() + timedelta(seconds=9))
        raise MemoryError

    github = Changed(here.context.github, fetch_job_log=fetch_job_log)
    with pytest.raises(OutOfMemory):
        ingest_logs_of_failed_jobs(replace(here.context, github=github))


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_the_queue_has_its_time_first(stage, log_mode):
    """Where nothing waits, nothing is taken early, so that it costs nothing."""
    world = (
        WorldBuilder().run("failure", seconds=30).job("broken", "failure").job("fine", "success")
    )
    here = stage(world, at=100, log_mode=log_mode)
    assert here.poll() is None
    here.ingest()
    here.advance(2 * MIN_WAIT_IN_QUEUE.total_seconds())
    assert turn(here) == []
    assert len(here.logs()) == 2
