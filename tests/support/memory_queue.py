"""A queue in memory that behaves as SQS does: limits, hidden messages, dead letters, FIFO.

It stands in for one in tests of services; nothing outlives the process.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest.domain.counters import Counters
from ingest.messaging.encoding import QueueMessage
from ingest.ports import Clock, ReceivedMessage, SendFailure, WorkQueue
from ingest.ports.queues import MAX_DELAY_SECONDS, MAX_RECEIVES, REJECTION_ATTRIBUTE

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_MESSAGE_BYTES = 1_048_576
_MAX_ATTRIBUTES = 10
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: FIFO queues know an id for so long, also after its message was deleted.
_DEDUPLICATION = timedelta(minutes=5)

#: How often a receiver looks up while it waits.
_CHECK_SECONDS = 0.25


@dataclass(slots=True, eq=False)
class _Stored:
    """A message in the queue; hidden until ``visible_at``, held by the last ``receipt_handle``."""

    message: QueueMessage
    visible_at: datetime
    receive_count: int = 0
    receipt_handle: str = ""


class MemoryQueue(WorkQueue):
    """One queue that any number of threads share; FIFO where its name ends in ``.fifo``."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        counters: Counters | None = None,
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        visibility_seconds: int = 120,
    ) -> None:
        self._name = name
        self._clock = clock
        self._counters = counters or Counters()
        self._max_message_bytes = max_message_bytes
        self._visibility_seconds = visibility_seconds
        self._is_fifo = name.endswith(".fifo")
        self._lock = threading.Lock()
        self._stored: list[_Stored] = []
        self._accepted: list[QueueMessage] = []
        self._dead: list[QueueMessage] = []
        self._known_until: dict[tuple[str, str], datetime] = {}
        self._receipts = 0

    @property
    def queue_name(self) -> str:
        """Name the queue."""
        return self._name

    @property
    def max_message_bytes(self) -> int:
        """Return the limit for a message, attributes included."""
        return self._max_message_bytes

    @property
    def max_batch_count(self) -> int:
        """Return how many messages one request carries."""
        return 10

    @property
    def visibility_seconds(self) -> int:
        """Return for how long a received message stays hidden."""
        return self._visibility_seconds

    def send(self, batch: Sequence[QueueMessage]) -> tuple[SendFailure, ...]:
        """Send messages; return those that SQS would refuse."""
        failures = tuple(
            SendFailure(event_id=message.event_id, reason=fault, is_final=True)
            for message in batch
            if (fault := self._fault(message)) is not None
        )
        with self._lock:
            for message in batch:
                if self._fault(message) is None:
                    self._accept(message)
        if batch:
            self._counters.add("queue_requests")
            self._counters.add(f"queue_messages.{self._name}", len(batch) - len(failures))
        return failures

    def receive(self, *, max_messages: int, wait_seconds: int) -> list[ReceivedMessage]:
        """Receive messages; waits for the first, on the clock that was given."""
        self._counters.add("queue_requests")
        deadline = self._clock.now() + timedelta(seconds=wait_seconds)
        while True:
            with self._lock:
                received = [self._hand_out(stored) for stored in self._take(max_messages)]
            left = (deadline - self._clock.now()).total_seconds()
            if received or left <= 0:
                return received
            self._clock.sleep(min(left, _CHECK_SECONDS))

    def extend_visibility(self, message: ReceivedMessage, *, seconds: int) -> None:
        """Hide a message for ``seconds`` from now; does nothing where it is no longer ours."""
        self._counters.add("queue_requests")
        now = self._clock.now()
        with self._lock:
            for stored in self._stored:
                if stored.receipt_handle == message.receipt_handle and stored.visible_at > now:
                    stored.visible_at = now + timedelta(seconds=seconds)

    def release(self, message: ReceivedMessage, *, after_seconds: int) -> None:
        """Show a message again after ``after_seconds``."""
        self.extend_visibility(message, seconds=after_seconds)

    def reject(self, message: ReceivedMessage, *, reason: str) -> None:
        """Move a message to the dead letters; the reason becomes an attribute."""
        self._counters.add("queue_requests")
        with self._lock:
            for stored in [
                each for each in self._stored if each.receipt_handle == message.receipt_handle
            ]:
                attributes = {**stored.message.attributes, REJECTION_ATTRIBUTE: reason}
                self._dead.append(replace(stored.message, attributes=attributes))
                self._stored.remove(stored)

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete messages; a receipt that is no longer valid is no error."""
        self._counters.add("queue_requests")
        receipts = {message.receipt_handle for message in messages}
        with self._lock:
            self._stored = [kept for kept in self._stored if kept.receipt_handle not in receipts]

    def messages(self) -> list[QueueMessage]:
        """List what is in the queue, hidden and delayed messages too."""
        with self._lock:
            return [stored.message for stored in self._stored]

    def accepted(self) -> list[QueueMessage]:
        """List all that was ever taken, in order; what FIFO dropped as known is not among it."""
        with self._lock:
            return list(self._accepted)

    def dead_letters(self) -> list[QueueMessage]:
        """List what was received too often without being deleted."""
        with self._lock:
            return list(self._dead)

    def _fault(self, message: QueueMessage) -> str | None:
        """Return why SQS would refuse a message; None if it would not."""
        texts = (message.body, *message.attributes.values())
        if not all(texts):
            return "The body and every attribute must have content."
        if any(map(_FORBIDDEN.search, texts)):
            return "The message contains characters outside the allowed set."
        if len(message.attributes) > _MAX_ATTRIBUTES:
            return f"A message has at most {_MAX_ATTRIBUTES} attributes."
        if message.size_bytes > self._max_message_bytes:
            return f"A message has at most {self._max_message_bytes} bytes."
        if not self._is_fifo and not 0 <= message.delay_seconds <= MAX_DELAY_SECONDS:
            return f"A message is delayed by at most {MAX_DELAY_SECONDS} seconds."
        return None

    def _accept(self, message: QueueMessage) -> None:
        now = self._clock.now()
        identity = (message.group, message.event_id)
        if self._is_fifo:
            if self._known_until.get(identity, now) > now:
                return
            self._known_until[identity] = now + _DEDUPLICATION
        # FIFO queues know no delay of a single message.
        delay = timedelta(seconds=0 if self._is_fifo else message.delay_seconds)
        self._stored.append(_Stored(message, visible_at=now + delay))
        self._accepted.append(message)

    def _take(self, max_messages: int) -> list[_Stored]:
        """Choose what to hand out, oldest first; put aside what was received too often."""
        now = self._clock.now()
        ready = [stored for stored in self._in_order(now) if stored.visible_at <= now]
        spent = [stored for stored in ready if stored.receive_count >= MAX_RECEIVES]
        self._dead += [stored.message for stored in spent]
        self._stored = [kept for kept in self._stored if kept not in spent]
        return [stored for stored in ready if stored not in spent][:max_messages]

    def _in_order(self, now: datetime) -> Iterator[_Stored]:
        """Leave out what waits behind a hidden message of its group, on a FIFO queue."""
        busy = {stored.message.group for stored in self._stored if stored.visible_at > now}
        for stored in self._stored:
            if not self._is_fifo or stored.message.group not in busy:
                yield stored

    def _hand_out(self, stored: _Stored) -> ReceivedMessage:
        self._receipts += 1
        stored.receipt_handle = f"receipt-{self._receipts}"
        stored.receive_count += 1
        hidden_for = timedelta(seconds=self._visibility_seconds)
        stored.visible_at = self._clock.now() + hidden_for
        return ReceivedMessage(
            body=stored.message.body,
            receipt_handle=stored.receipt_handle,
            receive_count=stored.receive_count,
        )
