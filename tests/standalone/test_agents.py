"""Both agents as threads: they work side by side, survive what goes wrong, and leave nothing."""

from __future__ import annotations

import errno
import threading
from dataclasses import replace
from itertools import pairwise

import pytest
from ingest.bootstrap.collector import Collector
from ingest.domain.ledger import DESIRED_PAUSED, DESIRED_RUNNING
from ingest.errors import OutOfMemory, RateLimited, StateUnavailable
from ingest.services.agents.agent_loop import AgentLoop, DesiredStates
from ingest.services.agents.heartbeat import HEARTBEAT_TIMEOUT
from ingest.services.context import AGENTS, LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ingest.settings import Settings
from support.changed_ports import Changed, raising
from support.world import REPOSITORY, Stage, assert_all_published
from support.world_builder import WorldBuilder

from standalone.agents import (
    DEFAULT_OPTIONS,
    AgentOptions,
    add_repositories,
    agent_threads,
    run_agents,
)
from standalone.uplink.daemon import UPLINK_OPTIONS

SPEED = 15

AGENT_THREADS = {*AGENTS, "background tasks", "extend-visibility"}


def a_world() -> WorldBuilder:
    world = WorldBuilder()
    for number in range(4):
        world.run(created=number, seconds=30).job("a").job("b")
    return world.run(created=350, seconds=60).job("later")


def run_until(here: Stage, done, *, context=None) -> None:
    """Run the agents until something is so, for a minute at most."""
    stop = threading.Event()
    watchdog = threading.Timer(60, stop.set)
    watchdog.start()

    def on_progress() -> None:
        if done():
            stop.set()

    collector = Collector(settings=Settings(), context=context or here.context, closers=())
    add_repositories(collector, [REPOSITORY])
    run_agents(collector, lambda: [REPOSITORY], stop=stop, on_progress=on_progress)
    watchdog.cancel()
    assert done()


def test_runs_and_logs_are_collected_as_they_come(stage):
    """Until stopped; then no thread of the agents is left."""
    here = stage(a_world(), at=300, speed=SPEED, poll_seconds=5)
    names: set[str] = set()

    def done() -> bool:
        names.update(thread.name for thread in threading.enumerate())
        return len(here.logs()) >= 9

    run_until(here, done)
    assert len(here.logs()) == 9
    assert {*AGENTS, "background tasks"} <= names
    assert_all_published(here)
    assert AGENT_THREADS.isdisjoint(thread.name for thread in threading.enumerate())


def test_agents_that_are_stopped_return_their_logs_to_the_queue(stage):
    """As copies that count no try, and the batch does not hold the end of the process."""
    world = WorldBuilder()
    for _ in range(30):
        world.run(seconds=30).job("test")
    here = stage(world, at=300, speed=1, log_mode="live")
    here.watch()
    assert here.poll() is None
    stop, fetch = threading.Event(), here.context.github.fetch_job_log
    is_returned, delete = threading.Event(), here.context.job_events_queue.delete

    def stop_at_the_first(repository, job_id, into, *, is_backfill) -> None:
        stop.set()
        is_returned.wait(60)
        fetch(repository, job_id, into, is_backfill=is_backfill)

    def note_return(messages) -> None:
        delete(messages)
        is_returned.set()

    here.context.github.fetch_job_log = stop_at_the_first
    here.context.job_events_queue.delete = note_return
    options = replace(DEFAULT_OPTIONS, monitoring_threads=0, log_threads=1)
    with agent_threads(here.context, lambda: None, stop, options):
        stop.wait(60)
    here.context.github.fetch_job_log = fetch
    assert 0 < len(here.logs()) < 10
    left = here.queues.job_events.receive(max_messages=10, wait_seconds=0)
    assert {message.receive_count for message in left} == {1}
    for message in left:
        here.queues.job_events.release(message, after_seconds=0)
    here.ingest()
    assert len(here.logs()) == 30


def test_both_agents_give_heartbeats_and_report_when_they_stop(stage):
    """With what they counted, and what is left of the hour."""
    here = stage(a_world(), at=300, speed=SPEED)
    run_until(here, lambda: len(here.logs()) >= 8)
    agents = {agent.name: agent for agent in here.state.list_agents()}
    assert set(agents) == {PIPELINE_MONITORING_AGENT, LOG_INGESTION_AGENT}
    for agent in agents.values():
        assert agent.state == "stopped"
        assert agent.counts["logs"] >= 8
        assert agent.rate_limit["limit"] == 10**6


def test_a_store_out_of_reach_ends_no_agent(stage):
    """They pause, report, and continue."""
    here = stage(a_world(), at=300, speed=SPEED)
    failures = [StateUnavailable("the database restarts")] * 3

    def claim(**options):
        if failures:
            raise failures.pop()
        return here.state.claim_repository(**options)

    store = Changed(here.state, claim_repository=claim)
    run_until(here, lambda: len(here.logs()) >= 8, context=replace(here.context, store=store))
    assert failures == []
    assert any("the database restarts" in what for what in here.errors())


@pytest.mark.parametrize("unexpected", [KeyError("bug"), OSError("disk")])
def test_an_error_that_nobody_expects_ends_no_loop(stage, unexpected, caplog):
    """It is logged with its trace, and an error is recorded."""
    here = stage(WorldBuilder())
    turns = []

    def work(_) -> None:
        turns.append(1)
        if len(turns) == 1:
            raise unexpected

    loop = AgentLoop("an agent", here.context, work)
    loop.run(lambda: len(turns) < 3)
    assert len(turns) == 3
    assert (loop.state, loop.note) == ("running", None)
    assert "agent failed" in caplog.text
    assert len(here.errors()) == 1


def test_a_limit_pauses_a_loop_until_it_is_over(stage):
    """And is no error."""
    here = stage(WorldBuilder())
    began, turns = here.clock.now(), []

    def work(_) -> None:
        turns.append(here.clock.now())
        if len(turns) == 1:
            from datetime import timedelta

            raise RateLimited("later", retry_at=began + timedelta(seconds=40))

    AgentLoop("an agent", here.context, work).run(lambda: len(turns) < 2)
    assert (turns[1] - began).total_seconds() >= 40
    assert here.errors() == []


def test_an_error_that_lasts_is_reported_once_and_pauses_grow(stage):
    """And again where it comes back after work that succeeded."""
    here = stage(WorldBuilder())
    turns = []

    def work(_) -> None:
        turns.append(here.clock.now().timestamp())
        if len(turns) != 5:
            raise StateUnavailable("gone")

    AgentLoop("an agent", here.context, work).run(lambda: len(turns) < 6)
    pauses = [later - sooner for sooner, later in pairwise(turns)]
    assert pauses[:4] == sorted(pauses[:4])
    assert pauses[3] >= 4 * pauses[0]
    assert len(here.errors()) == 2


def test_no_work_begins_while_the_state_cannot_be_written(stage):
    """Each receipt of work counts: after five of them it would be a dead letter."""
    here = stage(WorldBuilder())
    turns, checks = [], []

    def check(*, now):
        checks.append(now)
        if len(checks) <= 3:
            raise StateUnavailable("the disk is full")
        here.state.check_writable(now=now)

    def work(_) -> None:
        turns.append(len(checks))
        if len(turns) == 1:
            raise StateUnavailable("the disk is full")

    context = replace(here.context, store=Changed(here.state, check_writable=check))
    AgentLoop("an agent", context, work).run(lambda: len(turns) < 3)
    assert turns == [0, 4, 4]


def test_an_error_that_cannot_even_be_kept_ends_no_loop(stage):
    """The log is what is left then."""
    here = stage(WorldBuilder())
    turns = []

    gone = StateUnavailable("gone")

    def work(_) -> None:
        turns.append(1)
        if len(turns) == 1:
            raise gone

    context = replace(here.context, store=Changed(here.state, add_error=raising(gone)))
    AgentLoop("an agent", context, work).run(lambda: len(turns) < 2)
    assert len(turns) == 2


def test_an_agent_that_people_paused_rests_until_they_want_it_again(stage):
    """They may say so anywhere: in the app whose state a daemon shares."""
    here = stage(a_world(), at=300, speed=SPEED)
    here.state.save_desired_state("Some Agent", DESIRED_PAUSED)
    turns: list[str] = []
    desired_states = DesiredStates(here.context, every_seconds=0)
    loop = AgentLoop("Some Agent", here.context, lambda _: turns.append(loop.state), desired_states)

    def should_continue() -> bool:
        looks.append(1)
        if len(looks) == 3:
            assert (loop.state, turns) == ("paused", [])
            here.state.save_desired_state("Some Agent", DESIRED_RUNNING)
        return len(looks) < 6

    looks: list[int] = []
    loop.run(should_continue)
    assert loop.state == "running"
    assert set(turns) == {"running"}


def test_an_idle_agent_looks_for_work_as_seldom_as_its_pace_reports(stage):
    """Over a link to an app every look is a round trip."""
    here, stop = stage(WorldBuilder()), threading.Event()
    claims: list[int] = []

    def claim(**options):
        claims.append(1)
        return here.state.claim_repository(**options)

    store = Changed(here.state, claim_repository=claim)
    watchdog = threading.Timer(60, stop.set)
    watchdog.start()
    options = AgentOptions(monitoring_threads=1, log_threads=1, idle_seconds=7.0)
    with agent_threads(replace(here.context, store=store), lambda: ["octo/none"], stop, options):
        while here.clock.sleeps.count(7.0) < 10 and not stop.wait(0.01):
            pass
    watchdog.cancel()
    pauses = here.clock.sleeps.count(7.0)
    assert pauses >= 10
    assert len(claims) == pauses


def test_a_daemon_on_a_link_asks_less_than_a_process_beside_its_state():
    """Fewer threads look for work, each less often; its heartbeats stay far from silence."""
    assert UPLINK_OPTIONS.monitoring_threads < DEFAULT_OPTIONS.monitoring_threads
    assert UPLINK_OPTIONS.idle_seconds == 4 * DEFAULT_OPTIONS.idle_seconds
    assert UPLINK_OPTIONS.pause_check_seconds > DEFAULT_OPTIONS.pause_check_seconds
    assert UPLINK_OPTIONS.heartbeat_seconds > DEFAULT_OPTIONS.heartbeat_seconds
    assert 3 * UPLINK_OPTIONS.heartbeat_seconds < HEARTBEAT_TIMEOUT.total_seconds()


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_agents_without_memory_end_and_raise_it(stage, error):
    """Their supervisor starts a new process, which has memory again."""
    here, stop = stage(a_world(), at=300, speed=SPEED), threading.Event()
    with pytest.raises(type(error)), agent_threads(here.context, raising(error), stop):
        assert stop.wait(60)


@pytest.mark.parametrize("method", ["fetch_runs", "fetch_jobs", "fetch_attempt_logs"])
def test_memory_refused_to_one_item_ends_the_agents_as_well(stage, method):
    """Waiting changes nothing, and its own pause lets a new process do the other work first."""
    here, stop = stage(a_world(), at=300, speed=SPEED), threading.Event()
    github = Changed(here.context.github, **{method: raising(MemoryError())})
    context = replace(here.context, github=github)
    add_repositories(Collector(settings=Settings(), context=context, closers=()), [REPOSITORY])
    with (
        pytest.raises(OutOfMemory, match="too little memory for"),
        agent_threads(context, lambda: None, stop),
    ):
        assert stop.wait(60)
    remedies = {error.remedy for error in here.state.list_errors(limit=10)}
    assert any("1 GiB" in remedy and "doctor" not in remedy for remedy in remedies)


class Panic(BaseException):
    """What a library written in Rust raises for a defect: no Exception."""


@pytest.mark.parametrize("error", [Panic(), SystemExit(7)])
def test_what_ends_a_thread_without_an_exception_ends_the_agents(stage, error):
    """Its thread would end alone, and the process look alive."""
    here, stop = stage(a_world(), at=300, speed=SPEED), threading.Event()
    with pytest.raises(type(error)), agent_threads(here.context, raising(error), stop):
        assert stop.wait(60)


def test_a_thread_that_ends_takes_the_process_with_it(stage):
    """A collector without heartbeats would look dead, and one without an agent alive."""
    here, stop = stage(a_world(), at=300, speed=SPEED), threading.Event()
    options = replace(DEFAULT_OPTIONS, heartbeat_seconds="soon")
    with pytest.raises(TypeError), agent_threads(here.context, lambda: None, stop, options):
        assert stop.wait(60)
