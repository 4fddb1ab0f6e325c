"""Of the threads of an idle agent one gate for the queue, and all of them take what comes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from ingest.domain.ledger import DESIRED_PAUSED
from ingest.services.agents.agent_loop import DesiredStates
from ingest.services.context import AGENTS
from support.world import OpenStage
from support.world_builder import WorldBuilder

from standalone.agents import DEFAULT_OPTIONS, agent_threads
from standalone.idle_poll_gate import IdlePollGate

THREADS = 4
TURNS = 6


def in_another_thread(gate: IdlePollGate) -> bool:
    """Return whether another thread would receive now."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(gate.try_enter).result()


def test_all_threads_receive_until_the_queue_is_empty() -> None:
    gate = IdlePollGate()
    assert gate.try_enter()
    assert in_another_thread(gate)
    gate.leave(found_nothing=False)
    assert gate.try_enter()
    assert in_another_thread(gate)


def test_one_thread_waits_for_an_empty_queue() -> None:
    gate = IdlePollGate()
    assert gate.try_enter()
    gate.leave(found_nothing=True)
    assert gate.try_enter()
    assert not in_another_thread(gate)
    assert gate.try_enter(), "the one that gate goes on"
    gate.open()
    assert in_another_thread(gate)


def test_a_turn_that_ends_later_does_not_end_the_wait_of_another_thread() -> None:
    gate = IdlePollGate()
    with ThreadPoolExecutor(1) as other:
        assert other.submit(gate.try_enter).result()
        other.submit(lambda: gate.leave(found_nothing=True)).result()
        assert other.submit(gate.try_enter).result()
        gate.leave(found_nothing=True)
        assert not gate.try_enter()
        other.submit(lambda: gate.leave(found_nothing=True)).result()
    assert gate.try_enter()


def test_an_idle_agent_asks_its_queue_from_one_thread_at_a_time(stage: OpenStage) -> None:
    here = stage(WorldBuilder().run(seconds=30).job("test"), at=300, speed=20)
    receive, stop = here.queues.job_events.receive, threading.Event()
    lock, waiting, together = threading.Lock(), 0, list[int]()

    def noted(**arguments: Any) -> Any:
        nonlocal waiting
        with lock:
            waiting += 1
            together.append(waiting)
            if together[-TURNS:] == [1] * TURNS:
                stop.set()
        try:
            return receive(**arguments)
        finally:
            with lock:
                waiting -= 1

    here.queues.job_events.receive = noted
    options = replace(DEFAULT_OPTIONS, monitoring_threads=0, log_threads=THREADS)
    with agent_threads(here.context, lambda: None, stop, options):
        stop.wait(60)
    assert together[-TURNS:] == [1] * TURNS


def test_an_idle_agent_looks_for_due_repositories_from_one_thread(stage: OpenStage) -> None:
    here = stage(WorldBuilder().repository("octo/api"), at=300, speed=20)
    asked, stop, claim = list[int](), threading.Event(), here.state.claim_repository

    def noted(**arguments: Any) -> Any:
        asked.append(threading.get_ident())
        if len(asked) > TURNS and len(set(asked[-TURNS:])) == 1:
            stop.set()
        return claim(**arguments)

    here.state.claim_repository = noted
    options = replace(DEFAULT_OPTIONS, monitoring_threads=THREADS, log_threads=0)
    with agent_threads(here.context, lambda: None, stop, options):
        assert stop.wait(60)


def test_all_threads_know_from_one_query_whether_they_are_paused(stage: OpenStage) -> None:
    here, asked = stage(WorldBuilder()), list[str]()
    here.state.save_desired_state(AGENTS[0], DESIRED_PAUSED)
    load = here.state.load_desired_states

    def noted() -> Any:
        asked.append("")
        return load()

    here.state.load_desired_states = noted
    desired_states = DesiredStates(here.context)
    assert [desired_states.is_paused(each) for each in (*AGENTS, *AGENTS)] == [True, False] * 2
    assert len(asked) == 1
