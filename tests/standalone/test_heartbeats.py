"""Heartbeats: the state of a process's agents, and what they count, for every reader."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.domain.agent_states import AgentState
from ingest.errors import StateUnavailable
from ingest.services.agents.agent_loop import AgentLoop
from ingest.services.agents.heartbeat import HANGING_SECONDS, Heartbeats
from ingest.services.context import AGENTS, LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from support.world import REPOSITORY, Stage
from support.world_builder import WorldBuilder

from standalone.background_tasks import run_background_tasks


class Refusing:
    """A store whose counts cannot be added for a while."""

    def __init__(self, store, times: int) -> None:
        self._store = store
        self._left = times

    def __getattr__(self, name):
        return getattr(self._store, name)

    def add_to_saved_counters(self, counts: Mapping[str, int], **options) -> None:
        self._left -= 1
        if self._left >= 0:
            raise StateUnavailable("the database restarts")
        self._store.add_to_saved_counters(counts, **options)


def loops(here: Stage) -> list[AgentLoop]:
    return [AgentLoop(agent, here.context, lambda _: None) for agent in (*AGENTS, *AGENTS)]


@pytest.fixture
def here(stage) -> Stage:
    return stage(WorldBuilder().run(seconds=60).job("a"), at=100)


def test_each_process_adds_only_what_it_counted_since(here):
    """Two beats of two processes do not count anything twice."""
    mine = Heartbeats(here.context, loops(here))
    here.context.counters.add("runs", 2)
    mine.save()
    mine.save()
    here.context.counters.add("runs", 1)
    mine.save()
    here.state.add_to_saved_counters({"runs": 10}, now=here.clock.now())
    mine.save_stopped()
    assert here.state.load_saved_counters().totals["runs"] == 13


def test_what_could_not_be_added_is_added_with_the_next(here):
    """And what was, is not added again."""
    heartbeats = Heartbeats(replace(here.context, store=Refusing(here.state, 1)), loops(here))
    here.context.counters.add("runs", 2)
    with pytest.raises(StateUnavailable):
        heartbeats.save()
    here.context.counters.add("runs", 3)
    heartbeats.save()
    heartbeats.save()
    assert here.state.load_saved_counters().totals["runs"] == 5


def test_no_heartbeat_is_saved_for_a_thread_that_hangs(here):
    """Although the others of its agent go on."""
    own = loops(here)
    own[0].last_turn_at = time.monotonic() - HANGING_SECONDS - 1
    Heartbeats(here.context, own).save()
    assert [agent.name for agent in here.state.list_agents()] == [LOG_INGESTION_AGENT]
    own[0].last_turn_at = time.monotonic()
    Heartbeats(here.context, own).save()
    assert {agent.name for agent in here.state.list_agents()} == set(AGENTS)


def test_an_agent_that_runs_elsewhere_gets_no_heartbeat(here):
    """Neither while this process works nor at its end."""
    heartbeats = Heartbeats(here.context, [AgentLoop(AGENTS[0], here.context, lambda _: None)])
    heartbeats.save()
    heartbeats.save_stopped()
    assert [agent.name for agent in here.state.list_agents()] == [AGENTS[0]]


def test_the_one_in_trouble_speaks_for_all_of_its_agent(here):
    """A person wants to know what is wrong."""
    own = loops(here)
    own[2].state, own[2].note = AgentState.LIMITED, "later"
    Heartbeats(here.context, own).save()
    agents = {agent.name: agent for agent in here.state.list_agents()}
    monitor, logs = agents[PIPELINE_MONITORING_AGENT], agents[LOG_INGESTION_AGENT]
    assert (monitor.state, monitor.note) == ("limited", "later")
    assert (logs.state, logs.note) == ("running", None)


def test_a_loop_comes_round_also_within_its_work(here):
    """A long backlog is no hanging thread."""
    seen = []

    def work(should_continue) -> None:
        loop.last_turn_at = 0.0
        should_continue()
        seen.append(loop.last_turn_at)

    loop = AgentLoop("an agent", here.context, work)
    loop.run(lambda: not seen)
    assert seen[0] > 0


def test_what_is_old_is_forgotten_while_the_agents_work(here):
    """Without anybody asking for it."""
    here.poll()
    here.ingest()
    assert here.state.count_ledger(REPOSITORY).attempts == 1
    here.advance(timedelta(days=100).total_seconds())
    turns = []

    def should_continue() -> bool:
        turns.append(1)
        return len(turns) < 3

    run_background_tasks(here.context, loops(here), should_continue=should_continue)
    assert here.state.count_ledger(REPOSITORY).attempts == 0
    assert {agent.state for agent in here.state.list_agents()} == {"stopped"}
