"""Queues whose pending requests are tracked, so that a silent one is noticed before it fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..domain.pending_requests import PendingRequests
from ..errors import Fatal
from ..messaging.encoding import QueueMessage
from ..ports import Publisher, ReceivedMessage, Rejection, WorkQueue

R = TypeVar("R")


class TrackedPublisher(Publisher):
    """A publisher whose requests are pending until they return."""

    def __init__(self, queue: Publisher, pending: PendingRequests) -> None:
        self._publisher = queue
        self._pending = pending

    @property
    def queue_name(self) -> str:
        """Return the name of the queue as it was configured."""
        return self._publisher.queue_name

    @property
    def max_message_bytes(self) -> int:
        """Return the queue's own limit for a message."""
        return self._publisher.max_message_bytes

    @property
    def max_batch_count(self) -> int:
        """Return how many messages one request carries."""
        return self._publisher.max_batch_count

    def send(self, batch: Sequence[QueueMessage]) -> tuple[Rejection, ...]:
        """Send one batch."""
        return self._track(lambda: self._publisher.send(batch))

    def _track(self, request: Callable[[], R], *, wait_seconds: float = 0) -> R:
        """Send a request, whose answer may take ``wait_seconds`` where nothing is wrong."""
        asked = f"Queue {self.queue_name}"
        number = self._pending.begin(asked, at=time.monotonic() + wait_seconds)
        try:
            answer = request()
            self._pending.answer(asked, number, at=time.monotonic())
        except Fatal:  # an answer as well: no access, or no queue
            self._pending.answer(asked, number, at=time.monotonic())
            raise
        finally:
            self._pending.end(asked, number, at=time.monotonic())
        return answer


class TrackedWorkQueue(TrackedPublisher, WorkQueue):
    """A work queue whose requests are pending until they return."""

    def __init__(self, queue: WorkQueue, pending: PendingRequests) -> None:
        super().__init__(queue, pending)
        self._queue = queue

    @property
    def visibility_seconds(self) -> int:
        """Return for how many seconds a received message stays hidden."""
        return self._queue.visibility_seconds

    def receive(self, *, max_messages: int, wait_seconds: int) -> list[ReceivedMessage]:
        """Receive messages, waiting for the first."""
        return self._track(
            lambda: self._queue.receive(max_messages=max_messages, wait_seconds=wait_seconds),
            wait_seconds=wait_seconds,
        )

    def extend(self, message: ReceivedMessage, *, seconds: int) -> None:
        """Hide a message for ``seconds`` from now."""
        self._track(lambda: self._queue.extend(message, seconds=seconds))

    def release(self, message: ReceivedMessage, *, after_seconds: int) -> None:
        """Let a message be received again in about ``after_seconds``."""
        self._track(lambda: self._queue.release(message, after_seconds=after_seconds))

    def reject(self, message: ReceivedMessage, *, reason: str) -> None:
        """Move a message to the dead letters."""
        self._track(lambda: self._queue.reject(message, reason=reason))

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete messages whose work is done."""
        self._track(lambda: self._queue.delete(messages))
