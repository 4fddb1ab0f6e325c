"""What the queue in memory shows to tests, and does with its clock."""

from __future__ import annotations

import threading
from datetime import datetime, timezone

import pytest
from ingest.messaging.encoding import QueueMessage
from support.manual_clock import ManualClock
from support.memory_blobs import MemoryBlobStore
from support.memory_queue import MemoryQueue
from support.work_messages import a_message


@pytest.fixture
def clock() -> ManualClock:
    """Hold time in the test's hand."""
    return ManualClock(datetime(2026, 11, 24, tzinfo=timezone.utc))


def test_tests_can_read_everything(clock: ManualClock) -> None:
    """What is hidden, deleted or dead can still be seen."""
    queue = MemoryQueue("work", clock)
    queue.send([a_message(1), a_message(2), a_message(3, delay_seconds=900)])
    queue.delete(queue.receive(max_messages=1, wait_seconds=0))
    for _ in range(6):
        for message in queue.receive(max_messages=10, wait_seconds=0):
            queue.release(message, after_seconds=0)
    assert [m.event_id for m in queue.accepted()] == ["e1", "e2", "e3"]
    assert [m.event_id for m in queue.messages()] == ["e3"]
    assert [m.event_id for m in queue.dead_letters()] == ["e2"]


def test_fifo_forgets_an_id_after_five_minutes(clock: ManualClock) -> None:
    """Deduplication ends, as it does in SQS: readers must know ids themselves."""
    queue = MemoryQueue("work.fifo", clock)
    queue.send([a_message()])
    clock.advance(299)
    queue.send([a_message()])
    clock.advance(2)
    queue.send([a_message()])
    assert len(queue.accepted()) == 2


def test_waiting_uses_the_clock(clock: ManualClock) -> None:
    """A wait of 20 seconds takes none, and finds what becomes visible meanwhile."""
    queue = MemoryQueue("work", clock)
    queue.send([a_message(delay_seconds=15)])
    assert len(queue.receive(max_messages=1, wait_seconds=20)) == 1
    assert sum(clock.sleeps) == pytest.approx(15)


@pytest.mark.parametrize(
    "message",
    [
        a_message(attributes={f"a{n}": "x" for n in range(11)}),
        a_message(attributes={"event_type": ""}),
        a_message(attributes={"event_type": "\x1b"}),
        a_message(attributes={"event_type": "x" * (1 << 20)}),
        a_message(delay_seconds=901),
    ],
    ids=["eleven", "empty", "forbidden", "too large with them", "delay"],
)
def test_attributes_and_delay_have_limits(clock: ManualClock, message: QueueMessage) -> None:
    """SQS refuses these for good; not every local server does."""
    (failure,) = MemoryQueue("work", clock).send([message])
    assert failure.is_final


def test_threads_share_the_work(clock: ManualClock) -> None:
    """No message is handed to two workers, and none is forgotten."""
    queue = MemoryQueue("work", clock)
    got: list[str] = []

    def work() -> None:
        while received := queue.receive(max_messages=3, wait_seconds=0):
            got.extend(message.body for message in received)
            queue.delete(received)

    for start in range(0, 500, 10):
        queue.send([a_message(n) for n in range(start, start + 10)])
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(a_message(n).body for n in range(500))
    assert queue.messages() == []


def test_blobs_can_be_listed() -> None:
    """A test sees which objects there are."""
    store = MemoryBlobStore()
    store.put("b", [b"x"], content_type="text/plain")
    store.put("a", [], content_type="text/plain")
    assert store.keys() == ["a", "b"]
