"""Collecting all that there is, once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from ingest.bootstrap.collector import Collector
from ingest.bootstrap.workers import is_dead_local_worker, worker_id
from ingest.domain.ledger import LOG_PENDING, RepositoryRecord
from ingest.errors import (
    BadCredentials,
    OutOfMemory,
    RateLimited,
    RepositoryUnavailable,
    RequestFailed,
    Retriable,
    StateFull,
)
from ingest.services.collections import collect_runs
from ingest.services.collections.collection_plan import COMPLETE_COLLECTION, CollectionPolicy
from ingest.settings import Settings
from support.changed_ports import Changed, raising
from support.world import REPOSITORY, Stage, assert_all_published, assert_nothing_twice
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

from standalone import collecting
from standalone.agents import MONITORING_THREADS
from standalone.once import CollectOnceResult, collect_once
from standalone.repositories import FoundRepositories
from standalone.sandbox.faults import Fault
from standalone.stopping import Stop
from standalone.terminal.progress import summarize

pytestmark = pytest.mark.slow

#: How much faster than real time these collectors live. A lease of two minutes lasts eight seconds:
#: longer than a busy machine stops a process.
SPEED = 15


def a_world(*names: str, runs: int = 5) -> WorldBuilder:
    world = WorldBuilder()
    for name in names or (REPOSITORY,):
        world.repository(name)
        for number in range(runs):
            world.run(created=number, seconds=30).job("a").job("b").job("none", "skipped")
    return world


def collect(here: Stage, *names: str, stop: threading.Event | None = None):
    collector = Collector(settings=Settings(), context=here.context, closers=())
    seen = []
    result = collect_once(
        collector, names, stop=stop or threading.Event(), on_progress=lambda: seen.append(1)
    )
    assert not result.errors
    return result.summary, seen


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_everything_is_collected_and_counted(stage, log_mode):
    """Runs, attempts, jobs, steps, commits and logs of every repository."""
    here = stage(a_world("octo/api", "octo/web"), at=300, speed=SPEED, log_mode=log_mode)
    before = threading.active_count()
    summary, seen = collect(here, "octo/api", "octo/web")
    assert_all_published(here)
    assert_nothing_twice(here)
    assert (summary.runs, summary.attempts, summary.jobs) == (10, 10, 30)
    assert (summary.logs, summary.logs_unavailable, summary.errors) == (20, 10, 0)
    assert (summary.steps, summary.commits) == (80, 10)
    assert summary.messages["ci_cd_metrics_queue"] == 40
    assert summary.messages["ci_cd_logs_queue"] == 30
    assert summary.github_requests["charged"] == here.requests(column="charged")
    assert summary.as_json()["github_requests"] == summary.github_requests
    assert seen
    assert threading.active_count() <= before + 8  # the collector's own workers, until it closes


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_what_is_in_flight_is_reported_and_not_waited_for(stage, log_mode):
    """Its logs come when it is collected after its end."""
    context = a_world().run(created=10, seconds=86_400).job("quick", seconds=10).job("slow")
    here = stage(context, at=300, speed=SPEED, log_mode=log_mode)
    summary, _ = collect(here, REPOSITORY)
    assert summary.runs == 6
    assert here.server.clock.now() < here.start + 86_400
    assert_all_published(here)


def test_a_limit_is_waited_out(stage):
    """Nothing is sent while it lasts, and everything is collected after it."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.fail(Fault(path="/runs$", do="secondary", seconds=30, count=1))
    summary, _ = collect(here, REPOSITORY)
    assert summary.runs == 5
    assert here.server.stats()["violations"] == 0


def test_attempts_are_not_loaded_while_many_are_left(stage, monkeypatch):
    """A limit stops the polls of a large backfill, and thousands of records take memory."""
    monkeypatch.setattr(collect_runs, "MANY_UNREAD", 4)
    here = stage(a_world(runs=12), at=300, speed=SPEED)
    here.fail(Fault(path="/jobs", do="secondary", seconds=30, count=1))
    left: list[int] = []
    load = here.state.load_due_attempts

    def watch(repository, *, limit, **options):
        if limit == collect_runs.MAX_UNREAD:
            left.append(here.state.count_ledger(repository).unread_attempts)
        return load(repository, limit=limit, **options)

    monkeypatch.setattr(here.state, "load_due_attempts", watch)
    summary, _ = collect(here, REPOSITORY)
    assert summary.runs == 12
    assert max(left, default=0) <= 4


def test_passing_failures_are_waited_out(stage):
    """Of the list, of jobs and of logs."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.fail(Fault(path="/actions/", do="error", status=502, count=2, per_path=True))
    summary, _ = collect(here, REPOSITORY)
    assert (summary.runs, summary.logs) == (5, 10)
    assert_all_published(here)


def collect_with_errors(
    here: Stage, *names: str, policy: CollectionPolicy = COMPLETE_COLLECTION, **changes: object
):
    context = replace(here.context, **changes)
    collector = Collector(settings=Settings(), context=context, closers=())
    return collect_once(
        collector, names, stop=threading.Event(), on_progress=lambda: None, policy=policy
    )


def test_a_repository_that_does_not_exist_ends_no_other(stage):
    """Its error is in the result, and everything else is collected."""
    here = stage(a_world(), at=300, speed=SPEED)
    result = collect_with_errors(here, "octo/missing", REPOSITORY)
    assert {name: type(error) for name, error in result.errors.items()} == {
        "octo/missing": RepositoryUnavailable
    }
    assert_all_published(here)
    assert len(here.logs()) == 15


@pytest.mark.parametrize("do", ["unauthorized", "missing"])
@pytest.mark.parametrize("path", ["/actions/runs$", "/jobs$"])
def test_a_refusal_that_is_over_with_the_next_request_costs_nothing(stage, do, path):
    """GitHub's incidents answer so for a moment."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.fail(Fault(path=path, do=do, count=1))
    collect(here, REPOSITORY)
    assert_all_published(here)
    assert_nothing_twice(here)


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_the_logs_of_a_repository_that_was_deleted_are_left_pending(stage, log_mode):
    """Once a poll has found out, it is asked for now and then, and no log is waited for."""
    here = stage(a_world(), at=300, speed=SPEED, log_mode=log_mode)
    here.watch(days=2)
    assert here.poll() is None
    here.server.world.remove(REPOSITORY)
    assert isinstance(here.poll(), RepositoryUnavailable)
    before = here.requests()
    result = collect_with_errors(here, REPOSITORY)
    assert [type(error) for error in result.errors.values()] == [RepositoryUnavailable]
    assert len([item for item in result.summary.pending if item.job_id is not None]) == 10
    assert "does not show" in result.summary.pending[0].reason
    assert here.requests() - before <= 10, here.server.stats()["endpoints"]


def test_a_token_that_is_rejected_for_good_is_not_asked_twice_for_each_repository(stage):
    """Each has the token's own reason, and none waits for its pauses."""
    names = [f"octo/api{number}" for number in range(20)]
    here = stage(a_world(*names, runs=1), at=300, speed=SPEED, tokens=("revoked",))
    result = collect_with_errors(here, *names)
    assert sorted(result.errors) == sorted(names)
    for error in result.errors.values():
        assert isinstance(error, BadCredentials)
        assert "GITHUB_TOKEN" in (error.remedy or "")
    # All threads ask at once, before the first answer.
    assert here.requests() <= len(names) + MONITORING_THREADS


def test_repositories_that_fail_for_good_occupy_no_thread(stage):
    """More of them than there are threads: the last repository is collected all the same."""
    broken = [f"octo/broken{number}" for number in range(3)]
    here = stage(a_world(*broken, REPOSITORY), at=300, speed=SPEED)
    here.fail(Fault(path="/broken./actions/runs$", do="error", status=502))
    result = collect_with_errors(here, *broken, REPOSITORY)
    assert sorted(result.errors) == broken
    assert {type(error) for error in result.errors.values()} == {RequestFailed}
    assert len([each for each in here.runs() if each["data"]["repo"] == REPOSITORY]) == 5


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_a_log_that_fails_for_good_is_left_pending_and_named(stage, log_mode):
    """All others are published, nothing is said against the repository."""
    here = stage(a_world(), at=300, speed=SPEED, log_mode=log_mode)
    run_id, job_id = FIRST_RUN + 1, FIRST_JOB + 1
    broken = rf"/(jobs/{job_id}|runs/{run_id}|runs/{run_id}/attempts/1)/logs$"
    here.fail(Fault(path=broken, do="error", status=500))
    result = collect_with_errors(here, REPOSITORY)
    assert result.errors == {}
    assert [item.job_id for item in result.summary.pending] == [job_id]
    assert result.summary.pending[0].job_name in result.summary.pending[0].name
    assert result.summary.as_json()["pending"][0]["repo"] == REPOSITORY
    assert result.summary.logs == 9
    here.fail()
    assert collect_with_errors(here, REPOSITORY).summary.pending == ()
    assert_all_published(here)
    assert_nothing_twice(here)


def test_an_attempt_that_is_limited_for_good_is_left_pending(stage):
    """Every refusal names a short time, and everything else is collected."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.fail(Fault(path=f"/runs/{FIRST_RUN + 1}/attempts/1/jobs$", do="secondary", seconds=2))
    soon = replace(COMPLETE_COLLECTION, stall_timeout_without_failures=timedelta(seconds=60))
    summary = collect_with_errors(here, REPOSITORY, policy=soon).summary
    assert (summary.runs, summary.logs, len(summary.pending)) == (4, 8, 1)
    here.fail()
    assert collect_with_errors(here, REPOSITORY).summary.pending == ()
    assert_all_published(here)
    assert_nothing_twice(here)


@pytest.mark.parametrize("path", [f"/runs/{FIRST_RUN + 1}/attempts/1/jobs$", "/logs$"])
def test_what_is_left_pending_says_why_and_what_to_do(stage, path):
    """Jobs lists and logs alike, in GitHub's words, with its link."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.fail(Fault(path=path, do="sso"))
    policy = replace(COMPLETE_COLLECTION, item_tries=2)
    pending = collect_with_errors(here, REPOSITORY, policy=policy).summary.pending
    assert pending
    for item in pending:
        assert "SAML" in item.reason
        assert "/sso?authorization_request=" in item.reason
    here.fail()
    assert collect_with_errors(here, REPOSITORY).summary.pending == ()
    assert_all_published(here)
    assert_nothing_twice(here)
    assert {here.attempt(run=number).last_error for number in range(1, 6)} == {None}


def test_an_attempt_that_fails_for_good_is_left_pending_and_named(stage):
    """All others are published, and it is collected once GitHub serves its jobs."""
    here = stage(a_world(), at=300, speed=SPEED)
    run_id = FIRST_RUN + 1
    here.fail(Fault(path=f"/runs/{run_id}/attempts/1/jobs$", do="error", status=500))
    result = collect_with_errors(here, REPOSITORY)
    assert result.errors == {}
    assert [item.key.run_id for item in result.summary.pending] == [run_id]
    assert result.summary.runs == 4
    here.fail()
    assert collect_with_errors(here, REPOSITORY).summary.pending == ()
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_full_state_ends_a_collection_instead_of_being_waited_for(stage):
    """Its error is reported, and what is left is named."""
    here = stage(a_world(), at=300, speed=SPEED)

    def save_job_logs(records) -> None:
        if any(record.state != LOG_PENDING for record in records):
            raise StateFull("The disk has no space left.")
        here.state.save_job_logs(records)

    began = here.clock.now()
    store = Changed(here.state, save_job_logs=save_job_logs)
    result = collect_with_errors(here, REPOSITORY, store=store)
    assert {name: type(error) for name, error in result.errors.items()} == {
        "the collection": StateFull
    }
    assert result.summary.pending
    assert here.clock.now() - began < COMPLETE_COLLECTION.stall_timeout


@pytest.mark.parametrize("method", ["fetch_runs", "fetch_jobs", "fetch_attempt_logs"])
def test_refused_memory_ends_a_collection_instead_of_being_waited_for(stage, method):
    """Only a new process may have it again, and whoever reads the exit code starts one."""
    here = stage(a_world(), at=300, speed=SPEED)
    began = here.clock.now()
    github = Changed(here.context.github, **{method: raising(MemoryError())})
    result = collect_with_errors(here, REPOSITORY, github=github)
    assert {type(error) for error in result.errors.values()} == {OutOfMemory}
    assert here.clock.now() - began < COMPLETE_COLLECTION.stall_timeout


def test_a_paused_repository_is_left_alone(stage):
    """Also where some of it is unread."""
    here = stage(a_world("octo/api", "octo/web"), at=300, speed=SPEED)
    here.fail(Fault(path="/jobs$", do="error", status=502))
    here.poll("octo/web")
    here.fail()
    here.state.set_paused("octo/web", paused=True)
    summary, _ = collect(here)
    assert summary.runs == 5
    assert {each["data"]["repo"] for each in here.runs()} == {"octo/api"}


def test_a_stop_request_ends_a_collection(stage):
    """What was not reached is collected next time."""
    here = stage(a_world(), at=300, speed=SPEED)
    stop = threading.Event()
    stop.set()
    collect(here, REPOSITORY, stop=stop)
    assert here.runs() == []
    collect(here, REPOSITORY)
    assert_all_published(here)


def test_a_collection_that_is_stopped_names_every_failure_before(stage, monkeypatch, capsys):
    """The next start fails in the same way, so that its remedy is wanted now."""
    collector = Collector(settings=Settings(), context=stage(a_world()).context, closers=())
    stop, errors = Stop(), {name: RepositoryUnavailable(name) for name in ("octo/a", "octo/b")}

    def fail_and_stop(*_, **__) -> CollectOnceResult:
        stop.signal_number = signal.SIGTERM
        return CollectOnceResult(summary=summarize(collector, seconds=1), errors=errors)

    monkeypatch.setattr(collecting, "collect_once", fail_and_stop)
    found = FoundRepositories(names=tuple(errors), refused={})
    assert collecting.collect_all_once(collector, found, stop, collecting.CollectOptions()) == 143
    shown = capsys.readouterr().err
    assert [name for name in errors if f"{name}: " in shown] == ["octo/a", "octo/b"]


def test_what_a_dead_process_of_this_machine_held_is_free_at_once(stage):
    """Nobody waits for the lease of a process that is gone."""
    here = stage(a_world(), at=300, speed=SPEED)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = f"{worker_id().rpartition(':')[0]}:{process.pid}"
    now = here.clock.now()
    here.state.claim_repository(holder=dead, now=now, lease_seconds=600)
    summary, _ = collect(here, REPOSITORY)
    assert summary.runs == 5


def test_a_process_of_another_machine_with_the_same_name_is_not_taken_for_dead():
    """Machines that were made from one image may have one host name; PIDs say nothing then."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    here = f"{worker_id().rpartition(':')[0]}:{process.pid}"
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert boot_id not in here, "pages show it"
    assert is_dead_local_worker(here)
    assert not is_dead_local_worker(here.replace(boot_id[:8], uuid4().hex[:8]))


def test_what_a_living_collector_holds_is_waited_for(stage):
    """It is taken over when the lease has run out."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.state.claim_repository(holder="another machine", now=here.clock.now(), lease_seconds=20)
    summary, _ = collect(here, REPOSITORY)
    assert summary.runs == 5


def test_a_repository_is_watched_from_the_backfill_on(stage):
    """One that is known already keeps its own time."""
    here = stage(a_world(), at=300, speed=SPEED, backfill_days=3)
    now = here.clock.now()
    here.state.add_repository(
        RepositoryRecord(full_name="octo/old", added_at=now, watched_since=now)
    )
    here.state.set_paused("octo/old", paused=True)
    here.state.remove_repository(REPOSITORY)
    collect(here, REPOSITORY, "octo/old")
    assert here.record().watched_since <= now - timedelta(days=2.9)
    assert here.state.load_repository("octo/old").watched_since == now


def test_a_limit_that_outlasts_a_stop_request_ends_with_it(stage):
    """The wait for a limit ends with the request."""
    here = stage(a_world(), at=300, speed=SPEED)
    stop, began = threading.Event(), here.clock.now()
    here.fail(Fault(path="/logs$", do="secondary", seconds=3000))
    timer = threading.Timer(1, stop.set)
    timer.start()
    collect(here, REPOSITORY, stop=stop)
    timer.join()
    assert len(here.runs()) == 5
    assert here.clock.now() - began < timedelta(seconds=3000)


def test_a_search_for_reruns_that_fails_now_and_then_is_continued(stage):
    """What lies deep is found by one collection, however often its search is cut short."""
    day = 86_400
    world = WorldBuilder()
    world.repository(REPOSITORY)
    for number in range(2 * 102):
        created = number // 102 * day + number % 102 * 60
        world.run(created=created, seconds=10, sha="a" * 40).job("skipped", "skipped")
        if number == 3:
            world.rerun("success", at=2.2 * day, seconds=10).job("again")
    here = stage(world, at=2.1 * day, days=30, speed=SPEED)
    collect(here, REPOSITORY)
    here.move_to(2.3 * day)
    here.fail(Fault(path="/runs$", do="error", probability=0.2))
    collect(here, REPOSITORY)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_lists_by_status_that_always_fail_hide_nothing_that_every_day_shows(stage):
    """A re-run deep in the list is found, and the collection is complete."""
    world = WorldBuilder()
    world.repository(REPOSITORY)
    for number in range(102):
        world.run(created=number * 60, seconds=10, sha="a" * 40).job("skipped", "skipped")
        if number == 3:
            world.rerun("success", at=8000, seconds=3600).job("again")
    here = stage(world, at=7000, days=30, speed=SPEED)
    collect(here, REPOSITORY)
    here.move_to(9000)
    here.fail(Fault(path="/runs$", query="status=", do="error"))
    collect(here, REPOSITORY)
    assert "in_progress" in here.attempt(2, run=4).published_statuses


@pytest.mark.parametrize(
    ("moment", "fault"),
    [(7200, {"do": "error", "count": 3}), (640, {"do": "late_jobs", "seconds": 200, "count": 1})],
)
def test_an_end_whose_jobs_cannot_be_read_or_lag_is_waited_for(stage, moment, fault):
    """However long ago the run ended, and until it is clear that its jobs have, or never will."""
    world = a_world(runs=1).run(created=10, seconds=600).job("long", seconds=595)
    here = stage(world, at=300, speed=SPEED)
    collect(here, REPOSITORY)
    here.move_to(moment)
    here.fail(Fault(path="/jobs$", **fault))
    collect(here, REPOSITORY)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_jobs_that_a_list_shows_open_long_after_the_end_are_read_again(stage):
    """A replica that lags shows them ended some seconds later."""
    world = WorldBuilder().run(seconds=600).job("a", seconds=590)
    here = stage(world, at=7200, speed=SPEED)
    here.fail(Fault(path="/jobs$", do="late_jobs", seconds=7100, count=3))
    collect(here, REPOSITORY)
    assert_all_published(here)
    assert_nothing_twice(here)


@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_logs_that_are_all_missing_are_left_pending(stage, log_mode):
    """GitHub shows the runs and answers 404 for each log: the next collection asks again."""
    here = stage(a_world(runs=1), at=3600, speed=SPEED, log_mode=log_mode)
    here.fail(Fault(path="/logs$", do="missing"))
    summary, _ = collect(here, REPOSITORY)
    assert (summary.logs, summary.logs_unavailable, len(summary.pending)) == (0, 1, 2)
    here.fail()
    collect(here, REPOSITORY)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_threads_that_cannot_be_started_end_those_that_run(stage):
    """With too little memory the process ends with the reason, also while GitHub fails."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.fail(Fault(path="/actions/runs", do="error"))
    collector = Collector(settings=Settings(), context=here.context, closers=())
    fail = raising(RuntimeError("can't start new thread"))
    with pytest.raises(RuntimeError, match="new thread"):
        collect_once(collector, [REPOSITORY], stop=threading.Event(), on_progress=fail)


@pytest.mark.parametrize("do", ["secondary", "busy"])
def test_a_list_that_github_forbids_for_years_is_left(stage, do):
    """Nothing that GitHub documents lasts longer than an hour; the rest is collected."""
    here = stage(a_world("octo/api", "octo/web"), at=300, speed=SPEED)
    here.fail(Fault(path="/api/actions/runs$", do=do, status=503, seconds=10**8))
    result = collect_with_errors(here, "octo/api", "octo/web")
    assert set(result.errors) >= {"octo/api"}
    assert all(isinstance(error, Retriable) for error in result.errors.values())


def test_jobs_that_github_forbids_for_years_are_left_pending(stage):
    """Together with whatever the same limit forbids."""
    here = stage(a_world(), at=300, speed=SPEED)
    path = f"/runs/{FIRST_RUN + 1}/attempts/1/jobs$"
    here.fail(Fault(path=path, do="secondary", status=429, seconds=10**8))
    result = collect_with_errors(here, REPOSITORY)
    assert isinstance(result.errors[REPOSITORY], RateLimited)
    assert FIRST_RUN + 1 in {item.key.run_id for item in result.summary.pending}


def test_logs_that_github_forbids_for_years_are_left_pending(stage):
    """What was published before the limit stays so."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.fail(Fault(path="/logs$", do="secondary", status=429, seconds=10**8))
    result = collect_with_errors(here, REPOSITORY)
    assert result.summary.logs == 0
    assert [item for item in result.summary.pending if item.job_id is not None]
