"""Of the threads of an idle agent one waits for the queue, and all of them take what comes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from support.world import OpenStage
from support.world_builder import WorldBuilder

from standalone.agents import LOCAL_OPTIONS, agent_threads
from standalone.queue_waits import QueueWaits

THREADS = 4
TURNS = 6


def in_another_thread(waits: QueueWaits) -> bool:
    """Return whether another thread would receive now."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(waits.begin).result()


def test_all_threads_receive_until_the_queue_is_empty() -> None:
    waits = QueueWaits()
    assert waits.begin()
    assert in_another_thread(waits)
    waits.end(is_empty=False)
    assert waits.begin()
    assert in_another_thread(waits)


def test_one_thread_waits_for_an_empty_queue() -> None:
    waits = QueueWaits()
    assert waits.begin()
    waits.end(is_empty=True)
    assert waits.begin()
    assert not in_another_thread(waits)
    assert waits.begin(), "the one that waits goes on"
    waits.note_work()
    assert in_another_thread(waits)


def test_a_turn_that_ends_later_does_not_end_the_wait_of_another_thread() -> None:
    waits = QueueWaits()
    with ThreadPoolExecutor(1) as other:
        assert other.submit(waits.begin).result()
        other.submit(lambda: waits.end(is_empty=True)).result()
        assert other.submit(waits.begin).result()
        waits.end(is_empty=True)
        assert not waits.begin()
        other.submit(lambda: waits.end(is_empty=True)).result()
    assert waits.begin()


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
    options = replace(LOCAL_OPTIONS, monitoring_threads=0, log_threads=THREADS)
    with agent_threads(here.context, lambda: None, stop, options):
        stop.wait(60)
    assert together[-TURNS:] == [1] * TURNS
