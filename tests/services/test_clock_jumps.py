"""A clock that jumps an hour ahead, or back, delays nothing for as long as it jumped."""

from __future__ import annotations

import pytest
from ingest.domain.agent_states import AgentState
from ingest.domain.ledger import DESIRED_PAUSED
from ingest.errors import StateUnavailable
from ingest.services.agents.agent_loop import AgentLoop
from ingest.services.agents.heartbeat import HEARTBEAT_INTERVAL, Heartbeat
from ingest.services.context import PIPELINE_MONITORING_AGENT
from ingest.services.log_ingestion.ingest_logs import ingest_due_logs
from ingest.services.monitoring.poll_runs import poll_due_repository
from support.world import OpenStage, Stage, assert_all_published
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

HOUR = 3600
JUMPS = (HOUR, 0, -HOUR, 0)


def collect_for(here: Stage, seconds: float) -> None:
    """Do what is due again and again while the sandbox's time passes."""
    end = here.server.clock.now() + seconds
    while here.server.clock.now() < end:
        poll_due_repository(here.context, should_continue=lambda: True)
        ingest_due_logs(here.context, wait_seconds=0)
        here.advance(20)


def test_what_happens_after_each_jump_is_collected_as_usual(stage) -> None:
    """Runs, jobs and logs, with their changes."""
    world = WorldBuilder()
    for number in range(len(JUMPS) + 1):
        world.run(created=1000 * number, seconds=60).job("a").job("b")
    here = stage(world, at=100)
    here.watch()
    collect_for(here, 300)
    assert len(here.logs()) == 2
    for number, jump in enumerate(JUMPS, start=1):
        here.clock.ahead_seconds = jump
        here.move_to(1000 * number)
        collect_for(here, 600)
        assert len(here.logs()) == 2 * (number + 1), jump
        assert_all_published(here)
    assert here.errors() == []


def test_an_agent_in_trouble_tries_again_after_the_clock_was_set_back(stage) -> None:
    here = stage(WorldBuilder())
    tries: list[float] = []

    def work(_: object) -> None:
        tries.append(here.server.clock.now())
        raise StateUnavailable("the database restarts")

    def turn() -> bool:
        if tries and here.server.clock.now() > tries[0] + 1:
            here.clock.ahead_seconds = -HOUR
        return len(tries) < 2

    AgentLoop(PIPELINE_MONITORING_AGENT, here.context, work).run(turn)
    assert tries[1] - tries[0] < 60


def test_a_pause_by_a_person_is_noticed_after_the_clock_was_set_back(stage) -> None:
    here = stage(WorldBuilder())
    turns: list[AgentState] = []
    loop = AgentLoop(PIPELINE_MONITORING_AGENT, here.context, lambda _: None)

    def turn() -> bool:
        if len(turns) == 1:
            here.state.save_desired_state(PIPELINE_MONITORING_AGENT, DESIRED_PAUSED)
            here.clock.ahead_seconds = -HOUR
        turns.append(loop.state)
        here.advance(10)
        return len(turns) < 6

    loop.run(turn)
    assert turns[-1] is AgentState.PAUSED


def test_heartbeats_go_on_after_the_clock_was_set_back(stage) -> None:
    here = stage(WorldBuilder())
    heartbeat = Heartbeat.of(here.context, PIPELINE_MONITORING_AGENT, host="here")
    heartbeat.save(AgentState.RUNNING)
    here.clock.ahead_seconds = -HOUR
    heartbeat.save_when_due(AgentState.IDLE)
    here.advance(HEARTBEAT_INTERVAL.total_seconds())
    heartbeat.save_when_due(AgentState.IDLE)
    [agent] = here.state.list_agents()
    assert agent.heartbeat_at == here.clock.now()


def with_clock_ahead(stage: OpenStage) -> Stage:
    """Collect a run; then the clock is an hour ahead, before a second run begins."""
    world = WorldBuilder().run(seconds=60).job("a").run(created=1000, seconds=60).job("b")
    here = stage(world, at=100)
    here.watch()
    collect_for(here, 200)
    here.clock.ahead_seconds = HOUR
    return here


@pytest.mark.parametrize("path", ["/actions/runs", "/jobs$"])
def test_what_failed_while_the_clock_was_ahead_is_tried_after_it_was_set_back(
    stage, path: str
) -> None:
    """Signatures and tokens are refused while a clock is wrong, so much fails just then."""
    here = with_clock_ahead(stage)
    here.fail(Fault(path=path, do="error"))
    here.move_to(1000)
    collect_for(here, 300)
    here.fail()
    here.clock.ahead_seconds = 0
    collect_for(here, 120)
    assert_all_published(here)


def test_a_clock_that_is_set_back_while_the_state_fails_is_noticed_later(
    stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed under the former time is tried as soon as the state answers."""
    here = with_clock_ahead(stage)
    here.fail(Fault(path="/jobs$", do="error"))
    here.move_to(1000)
    collect_for(here, 300)
    here.fail()
    here.clock.ahead_seconds = 0

    def fail(*_: object, **_options: object) -> None:
        raise StateUnavailable("the database restarts")

    with monkeypatch.context() as broken:
        broken.setattr(here.context.store, "make_due", fail)
        with pytest.raises(StateUnavailable):
            poll_due_repository(here.context, should_continue=lambda: True)
    collect_for(here, 120)
    assert_all_published(here)
