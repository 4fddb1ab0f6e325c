"""The pending requests to queues."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from ingest.domain.pending_requests import PendingRequests
from ingest.errors import AccessDenied, QueueUnavailable
from ingest.services.intercepted_ports import TrackedRequests, intercept
from support.changed_ports import raising
from support.manual_clock import ManualClock
from support.memory_queue import MemoryQueue

WAIT_SECONDS = 20


def silent(pending: PendingRequests, *, in_seconds: float = 1) -> set[str]:
    return set(pending.unanswered_seconds(at=time.monotonic() + in_seconds, longer_than=0))


def tracked(queue: MemoryQueue, pending: PendingRequests) -> MemoryQueue:
    return intercept(queue, TrackedRequests("Queue work", pending).send)


class _Watched(MemoryQueue):
    """A queue that notes who is silent while it is asked, now and later."""

    def __init__(self, pending: PendingRequests) -> None:
        super().__init__("work", ManualClock(datetime.now(timezone.utc)))
        self._pending = pending
        self.silent: list[tuple[set[str], set[str]]] = []

    def delete(self, messages):
        self._note()
        super().delete(messages)

    def receive(self, *, max_messages, wait_seconds):
        self._note()
        raise QueueUnavailable("Queue work is away.")

    def _note(self) -> None:
        later = silent(self._pending, in_seconds=WAIT_SECONDS + 1)
        self.silent.append((silent(self._pending), later))


def test_a_queue_is_silent_until_it_answers():
    pending = PendingRequests()
    watched = _Watched(pending)
    tracked(watched, pending).delete([])
    assert watched.silent == [({"Queue work"}, {"Queue work"})]
    assert silent(pending) == set()


def test_a_long_poll_is_no_silence():
    """Unless it lasts for longer than was asked for; one that fails is an error of its own."""
    pending = PendingRequests()
    watched = _Watched(pending)
    with pytest.raises(QueueUnavailable):
        tracked(watched, pending).receive(max_messages=1, wait_seconds=WAIT_SECONDS)
    assert watched.silent == [(set(), {"Queue work"})]
    assert silent(pending, in_seconds=WAIT_SECONDS + 1) == set()


def test_a_refusal_is_an_answer():
    pending = PendingRequests()
    pending.begin("Queue work", at=time.monotonic() - 60)
    queue = MemoryQueue("work", ManualClock(datetime.now(timezone.utc)))
    queue.delete = raising(AccessDenied("AWS denied access to Queue work."))
    with pytest.raises(AccessDenied):
        tracked(queue, pending).delete([])
    assert pending.unanswered_seconds(at=time.monotonic(), longer_than=10) == {}
