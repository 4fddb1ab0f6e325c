"""Received work stays hidden for as long as it takes."""

from __future__ import annotations

import threading

from ingest.errors import QueueUnavailable
from ingest.ports import ReceivedMessage
from ingest.services.log_ingestion.visibility import LAST_VISIBILITY_SECONDS, VisibilityExtender

MESSAGES = [ReceivedMessage(body="", receipt_handle=name, receive_count=1) for name in "ab"]


class Watched:
    """A queue whose visibility timeout is short, and which records what was extended."""

    visibility_seconds = 2

    def __init__(self, *, fails: bool = False) -> None:
        self.extended: list[str] = []
        self.happened = threading.Event()
        self._fails = fails

    def extend_visibility(self, message: ReceivedMessage, *, seconds: int) -> None:
        self.extended.append(message.receipt_handle)
        assert seconds == 2
        if len(self.extended) >= 2:
            self.happened.set()
        if self._fails:
            raise QueueUnavailable("not now")


def test_held_messages_are_extended_until_the_block_ends():
    """Before a third of the timeout is left, each is hidden anew; afterwards none."""
    queue = Watched()
    with VisibilityExtender(queue, MESSAGES):
        assert queue.happened.wait(10)
    assert set(queue.extended) == {"a", "b"}
    assert "extend-visibility" not in {thread.name for thread in threading.enumerate()}


def test_a_message_let_go_is_not_extended_again():
    """It is to come back."""
    queue = Watched()
    with VisibilityExtender(queue, MESSAGES) as extender:
        extender.stop_extending(MESSAGES[0])
        assert extender.held() == MESSAGES[1:]
        assert queue.happened.wait(10)
    assert set(queue.extended) == {"b"}


def test_a_message_let_go_while_another_is_extended_is_not_extended():
    """It was released for a moment only, and would stay hidden for the whole timeout."""
    queue, extend = Watched(), Watched.extend_visibility

    def let_other_go(message, *, seconds):
        extender.stop_extending(MESSAGES[1])
        extender._woken.set()  # the next round begins at once
        extend(queue, message, seconds=seconds)

    queue.extend_visibility = let_other_go
    with VisibilityExtender(queue, MESSAGES) as extender:
        assert queue.happened.wait(10)
    assert set(queue.extended) == {"a"}


def test_an_extension_that_fails_is_tried_again():
    """A queue out of reach for a moment ends no work."""
    queue = Watched(fails=True)
    with VisibilityExtender(queue, MESSAGES):
        assert queue.happened.wait(10)


def test_an_orphaned_worker_stops_extending():
    """Its parent was killed; what it holds is received by another worker."""
    queue, parents = Watched(), iter([100, 100, 1, 1])
    extender = VisibilityExtender(queue, MESSAGES, get_parent_id=lambda: next(parents))
    with extender:
        assert queue.happened.wait(10)
        extender._thread.join(10)
        assert not extender._thread.is_alive()
    assert queue.extended == ["a", "b"]


def test_a_worker_that_hangs_does_not_extend_for_ever():
    """After the longest time that any batch may take, its messages come back."""
    queue = Watched()
    extender = VisibilityExtender(queue, MESSAGES, max_seconds=0)
    with extender:
        extender._thread.join(10)
        assert not extender._thread.is_alive()
    assert queue.extended == []


def test_work_whose_host_is_ending_is_hidden_for_a_short_time_only():
    """A process that ends before its log arrived would hold it from the next one for minutes."""
    queue = LongHidden()
    with VisibilityExtender(queue, MESSAGES) as extender:
        extender.shorten_extensions()
        assert queue.happened.wait(10)
    assert queue.seconds == {LAST_VISIBILITY_SECONDS}


class LongHidden(Watched):
    """A queue that hides its messages for long, and records for how long they are hidden anew."""

    visibility_seconds = 600

    def __init__(self) -> None:
        super().__init__()
        self.seconds: set[int] = set()

    def extend_visibility(self, message: ReceivedMessage, *, seconds: int) -> None:
        self.seconds.add(seconds)
        self.extended.append(message.receipt_handle)
        if len(self.extended) >= 2:
            self.happened.set()
