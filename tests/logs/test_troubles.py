"""Failures that say nothing about a log: it waits for as long as they last, and then arrives."""

from __future__ import annotations

import pytest
from ingest.domain.ledger import LOG_FETCHED, LOG_PENDING
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    GithubUnavailable,
    LogPending,
    NotFound,
    ResourceExhausted,
)
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from ingest.services.log_ingestion.log_retries import MAX_QUEUED_TRIES
from ingest.services.log_ingestion.requeue_logs import requeue_stale_logs
from support.world import REPOSITORY
from support.world_builder import FIRST_RUN, WorldBuilder

from standalone.sandbox.faults import Fault

MODES = ("live", "economy")
FAILURES = [
    ResourceExhausted("The disk has no room."),
    BadCredentials("The token has expired."),
    AccessDenied("The organization wants a single sign-on."),
    GithubUnavailable("GitHub answered 500."),
]


def one_job(stage, log_mode):
    world = WorldBuilder().run(seconds=60).job("build", log=b"at last\n")
    here = stage(world, at=100, log_mode=log_mode)
    assert here.poll() is None
    return here


def record(here):
    [record] = here.state.load_job_logs(here.attempt(run=1).key).values()
    return record


LOGS = ("fetch_job_log", "fetch_attempt_logs")
PROOFS = ("fetch_run", "fetch_repository")


def break_source(here, failure, *names):
    """Let some requests of the source fail; return how to restore them."""
    github = here.context.github
    originals = {name: getattr(github, name) for name in names}

    def fail(*_arguments, **_options):
        raise failure

    for name in names:
        setattr(github, name, fail)

    def restore():
        for name, original in originals.items():
            setattr(github, name, original)

    return restore


@pytest.mark.parametrize("log_mode", MODES)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_log_waits_for_as_long_as_a_failure_lasts(stage, failure, log_mode):
    """A refused token over a long weekend costs no log; it is reported once."""
    here = one_job(stage, log_mode)
    restore = break_source(here, failure, *LOGS)
    here.ingest(rounds=MAX_QUEUED_TRIES + 2, every=601)
    assert here.logs() == []
    assert (record(here).state, record(here).reason) == (LOG_PENDING, str(failure))
    assert len([what for what in here.errors() if str(failure) in what]) == 1
    for _ in range(3):
        here.advance(3700)
        assert requeue_stale_logs(here.context) == 1
        here.ingest()
    assert here.queues.job_events.dead_letters() == []
    restore()
    here.advance(3700)
    requeue_stale_logs(here.context)
    here.ingest()
    assert [log["data"]["log_content"] for log in here.logs()] == ["at last\n"]
    assert record(here).state == LOG_FETCHED
    assert here.logs()[0]["data"]["run_id"] == FIRST_RUN + 1
    assert here.logs()[0]["data"]["repo"] == REPOSITORY


@pytest.mark.parametrize("log_mode", MODES)
def test_a_defect_that_one_log_meets_holds_no_other(stage, log_mode):
    """Its work is a dead letter in the end; the agent and the other logs go on."""
    world = WorldBuilder().run(seconds=60).job("bad", log=b"1")
    world.run(seconds=60).job("good", log=b"2")
    here = stage(world, at=100, log_mode=log_mode)
    assert here.poll() is None
    fetch = here.context.github.fetch_job_log
    fetch_all = here.context.github.fetch_attempt_logs
    key = here.attempt().key
    [bad] = here.state.load_job_logs(key)

    def fail_for_one(repository, job_id, into, *, is_backfill):
        if job_id == bad:
            raise ValueError("a defect of ours")
        fetch(repository, job_id, into, is_backfill=is_backfill)

    def fail_for_its_attempt(attempt, into, *, is_backfill):
        if attempt == key:
            raise ValueError("a defect of ours")
        fetch_all(attempt, into, is_backfill=is_backfill)

    here.context.github.fetch_job_log = fail_for_one
    here.context.github.fetch_attempt_logs = fail_for_its_attempt
    here.ingest(rounds=20, every=601)
    assert [log["data"]["log_content"] for log in here.logs()] == ["2"]
    assert len(here.queues.job_events.dead_letters()) == 1
    assert any(
        "A defect of Runstream ended" in what and "(ValueError)" in what for what in here.errors()
    )


@pytest.mark.parametrize("log_mode", MODES)
@pytest.mark.parametrize(
    "doubt",
    [
        NotFound("GitHub hides the repository."),
        AccessDenied("The token may not read the repository."),
        GithubUnavailable("GitHub answered 502."),
    ],
    ids=lambda doubt: type(doubt).__name__,
)
def test_a_missing_log_is_final_only_while_the_repository_is_readable(stage, doubt, log_mode):
    """GitHub hides what a token may not see behind the same 404 as what does not exist."""
    here = one_job(stage, log_mode)
    break_source(here, LogPending("404"), *LOGS)
    restore = break_source(here, doubt, *PROOFS)
    here.advance(3600)
    here.ingest(rounds=MAX_QUEUED_TRIES + 2, every=601)
    assert here.logs() == []
    assert record(here).state == LOG_PENDING
    restore()
    here.advance(3700)
    requeue_stale_logs(here.context)
    here.ingest()
    assert [log["data"]["reason"] for log in here.logs()] == ["not_found"]


@pytest.mark.parametrize("log_mode", MODES)
def test_a_run_that_was_deleted_has_no_logs(stage, log_mode):
    """Its repository still answers, so the 404 is about the run."""
    here = one_job(stage, log_mode)
    break_source(here, LogPending("404"), *LOGS)
    break_source(here, NotFound("404"), "fetch_run")
    here.fail(Fault(path="/actions/runs$", do="empty_list"))
    here.advance(3600)
    here.ingest(rounds=20)
    assert [log["data"]["reason"] for log in here.logs()] == ["not_found"]


@pytest.mark.parametrize("log_mode", MODES)
def test_logs_that_are_missing_for_two_minutes_arrive(stage, log_mode):
    """While no log of an attempt is served, a 404 says little about one of them."""
    here = one_job(stage, log_mode)
    restore = break_source(here, LogPending("404"), *LOGS)
    here.advance(3600)
    for _ in range(120):
        ingest_due_logs(here.context, wait_seconds=0)
        here.advance(1)
    assert here.logs() == []
    restore()
    here.ingest(rounds=6)
    assert [log["data"]["log_content"] for log in here.logs()] == ["at last\n"]


def test_a_missing_log_among_logs_that_are_served_is_final_within_a_minute(stage):
    """GitHub serves the attempt's other log, so the 404 is about this one."""
    world = WorldBuilder().run(seconds=60).job("bad", log=b"1").job("good", log=b"2")
    here = stage(world, at=100)
    assert here.poll() is None
    here.advance(3600)
    names = here.state.load_job_logs(here.attempt(run=1).key)
    [bad, good] = sorted(names, key=lambda job_id: names[job_id].job_name)
    here.fail(Fault(path=f"(/jobs/{bad}|/attempts/1)/logs$", do="missing"))
    for _ in range(60):
        ingest_due_logs(here.context, wait_seconds=0)
        here.advance(1)
    told = {log["data"]["job_id"]: log["event_type"] for log in here.logs()}
    assert told == {bad: "job_log_unavailable", good: "job_log_fetched"}
