"""Sending until the queue has said yes to each."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ingest.errors import QueueUnavailable
from ingest.messaging.encoding import QueueMessage
from ingest.ports import SendFailure
from ingest.services.publish import MAX_TRIES, publish
from support.manual_clock import ManualClock
from support.memory_queue import MemoryQueue


def messages(count: int) -> list[QueueMessage]:
    return [
        QueueMessage(
            event_id=f"id-{number}",
            group="g",
            body=f"body {number}",
            attributes={"event_type": "t"},
        )
        for number in range(count)
    ]


class Moody(MemoryQueue):
    """Refuse chosen messages a number of times, or for ever."""

    def __init__(self, clock, *, refusals: dict[str, int], final: bool = False) -> None:
        super().__init__("moody", clock)
        self._refusals = dict(refusals)
        self._final = final
        self.batches: list[list[str]] = []

    def send(self, batch):
        self.batches.append([each.event_id for each in batch])
        refused = [each for each in batch if self._refusals.get(each.event_id, 0) > 0]
        for each in refused:
            self._refusals[each.event_id] -= 1
        super().send([each for each in batch if each not in refused])
        return tuple(
            SendFailure(event_id=each.event_id, reason="moody", is_final=self._final)
            for each in refused
        )


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 1, 1, tzinfo=timezone.utc))


def test_messages_go_in_order_in_full_batches(clock):
    """Ten at a time, as they came."""
    queue = Moody(clock, refusals={})
    assert publish(queue, messages(25), clock=clock) == ()
    assert [len(batch) for batch in queue.batches] == [10, 10, 5]
    assert [each.event_id for each in queue.accepted()] == [f"id-{n}" for n in range(25)]
    assert clock.sleeps == []


def test_only_what_was_refused_for_now_is_sent_again(clock):
    """After a pause that grows."""
    queue = Moody(clock, refusals={"id-1": 2, "id-3": 1})
    publish(queue, messages(5), clock=clock)
    assert queue.batches[1:] == [["id-1", "id-3"], ["id-1"]]
    assert clock.sleeps == [0.2, 0.4]
    assert len(queue.accepted()) == 5


def test_what_is_refused_for_good_is_returned_and_not_repeated(clock):
    """The others are sent."""
    queue = Moody(clock, refusals={"id-1": 99}, final=True)
    [refused] = publish(queue, messages(3), clock=clock)
    assert refused.event_id == "id-1"
    assert len(queue.batches) == 1
    assert len(queue.accepted()) == 2


def test_a_queue_that_does_not_take_all_in_time_is_unavailable(clock):
    """The caller sends all of them again later, with the same ids."""
    queue = Moody(clock, refusals={"id-0": 99})
    with pytest.raises(QueueUnavailable, match="1 message in 5 tries"):
        publish(queue, messages(2), clock=clock)
    assert len(queue.batches) == MAX_TRIES


def test_nothing_to_send_is_no_request(clock):
    """An empty tick costs nothing."""
    queue = Moody(clock, refusals={})
    publish(queue, [], clock=clock)
    assert queue.batches == []


@pytest.mark.parametrize("count", [1, 2, 12])
def test_one_message_that_is_never_accepted_keeps_no_other_back(clock, count):
    """It is returned, and the batches after it are sent."""
    queue = Moody(clock, refusals={"id-0": 99})
    [left] = publish(queue, messages(count), clock=clock, keeps_going=True)
    assert (left.event_id, left.is_final) == ("id-0", False)
    assert len(queue.accepted()) == count - 1


def test_a_queue_that_accepts_nothing_is_unavailable(clock):
    """Nothing is wrong with any of the messages."""
    queue = Moody(clock, refusals={f"id-{number}": 99 for number in range(20)})
    with pytest.raises(QueueUnavailable, match="10 messages in 5 tries"):
        publish(queue, messages(12), clock=clock, keeps_going=True)
    assert queue.accepted() == []
