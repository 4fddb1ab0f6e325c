"""Reading on worker threads: results are handed over while others are still being read."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from ingest.ports import Clock
from ingest.services.monitoring.parallel_reads import GROUP_INTERVAL, read_in_groups


class StepClock(Clock):
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=timezone.utc)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def executor():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_quick_reads_are_one_group(executor):
    """They fill the batches of one publication."""
    groups = read_in_groups(
        executor, range(50), lambda item: item, clock=StepClock(), should_continue=lambda: True
    )
    assert list(groups) == [list(range(50))]


def test_a_thread_that_cannot_be_started_cancels_the_other_reads(executor):
    """Their results would be lost, and each costs a request."""
    begun, released = [], threading.Event()

    def read(item: int) -> None:
        begun.append(item)
        released.wait(60)

    def submit(work, item):
        if item == 9:
            raise RuntimeError("can't start new thread")
        return executor.submit(work, item)

    pool = SimpleNamespace(submit=submit)
    groups = read_in_groups(pool, range(10), read, clock=StepClock(), should_continue=bool)
    with pytest.raises(RuntimeError, match="new thread"):
        next(groups)
    released.set()
    executor.shutdown()
    assert set(begun) <= {0, 1}


def test_nothing_to_read_is_no_group(executor):
    """There is nothing to publish."""
    clock = StepClock()
    assert list(read_in_groups(executor, [], str, clock=clock, should_continue=bool)) == []


@pytest.mark.parametrize("step", [GROUP_INTERVAL, timedelta(hours=-1)])
def test_a_read_that_hangs_keeps_no_finished_one_waiting(executor, step):
    """The results so far are handed over, also if the clock was set back; the last one later."""
    clock, released = StepClock(), threading.Event()

    def read(item: int) -> int:
        if item == 0:
            released.wait()
        return item

    groups = read_in_groups(
        executor,
        range(10),
        read,
        clock=clock,
        should_continue=lambda: clock.sleep(step.total_seconds()) is None,
    )
    assert sorted(next(groups)) == list(range(1, 10))
    released.set()
    assert list(groups) == [[0]]


def test_once_asked_to_stop_no_further_read_begins(executor):
    """What runs is finished and handed over."""
    clock, begun, released = StepClock(), [], threading.Event()

    def read(item: int) -> int:
        begun.append(item)
        released.wait()
        return item

    def stop() -> bool:
        released.set()
        return False

    groups = read_in_groups(executor, range(1000), read, clock=clock, should_continue=stop)
    assert sorted(item for group in groups for item in group) == sorted(begun)
    assert 0 < len(begun) < 1000


def test_reads_that_a_closed_executor_has_cancelled_are_not_waited_for(executor):
    """A collector that is closed cancels what has not begun."""
    released = threading.Event()

    def read(item: int) -> int:
        released.wait()
        return item

    def close() -> bool:
        executor.shutdown(wait=False, cancel_futures=True)
        released.set()
        return True

    groups = read_in_groups(executor, range(10), read, clock=StepClock(), should_continue=close)
    assert list(groups) == [[0, 1]]


def test_closing_the_groups_cancels_what_has_not_begun(executor):
    """A queue that is out of reach costs no further requests."""
    clock, begun, released = StepClock(), [], threading.Event()

    def read(item: int) -> int:
        begun.append(item)
        if item > 10:
            released.wait()
        return item

    def move_on() -> bool:
        clock.sleep(GROUP_INTERVAL.total_seconds())
        return True

    groups = read_in_groups(executor, range(100), read, clock=clock, should_continue=move_on)
    next(groups)
    groups.close()
    released.set()
    executor.shutdown()
    assert len(begun) < 100
