"""What the collector needs of queues, and of a store for what does not fit on them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ..messaging.claim_check import BlobReference, LogObjects
from ..messaging.encoding import QueueMessage
from ..messaging.envelope import Envelope

#: After so many receives a message becomes a dead letter, by the redrive policy of ``setup``.
MAX_RECEIVES = 5

#: The longest delay of a message, in any queue: SQS accepts no longer one.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
MAX_DELAY_SECONDS = 900

#: The attribute of a dead letter that says why it was rejected.
REJECTION_ATTRIBUTE = "rejected_because"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFailure:
    """One message that a batch did not accept; ``is_final`` where sending it again is useless."""

    event_id: str
    reason: str
    is_final: bool = True


class Publisher(Protocol):
    """A publisher to one queue."""

    @property
    def queue_name(self) -> str:
        """Name the queue as it was configured."""

    @property
    def max_message_bytes(self) -> int:
        """Return the limit of a message with its attributes, which is also that of a batch."""

    @property
    def max_batch_count(self) -> int:
        """Return how many messages one request carries."""

    def send(self, batch: Sequence[QueueMessage]) -> tuple[SendFailure, ...]:
        """Send one batch within the limits; return the messages that were not taken.

        Raises QueueUnavailable where nothing was taken, QueueMissing, AccessDenied.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """One delivery of a message.

    ``receipt_handle``: as in SQS, what identifies the delivery. ``receive_count`` starts at 1; None
    where the queue does not count.
    """

    body: str
    receipt_handle: Hashable
    receive_count: int | None


class WorkQueue(Publisher, Protocol):
    """The queue of work: a publisher that also receives."""

    def receive(self, *, max_messages: int, wait_seconds: int) -> list[ReceivedMessage]:
        """Receive up to 10 messages, waiting for the first.

        Each stays hidden from other receivers for ``visibility_seconds``.
        """

    @property
    def visibility_seconds(self) -> int:
        """Return for how many seconds a received message stays hidden."""

    def extend_visibility(self, message: ReceivedMessage, *, seconds: int) -> None:
        """Hide a message for ``seconds`` from now, at most for the longest time the queue allows.

        Does nothing where the message is no longer held.
        """

    def release(self, message: ReceivedMessage, *, after_seconds: int) -> None:
        """Let a message be received again in about ``after_seconds``; 0 is at once.

        Where a queue has no such request, the visibility timeout ends by itself. Does nothing where
        the message is no longer held.
        """

    def reject(self, message: ReceivedMessage, *, reason: str) -> None:
        """Move a message that is no valid work item to the dead letters, with REJECTION_ATTRIBUTE.

        Raises QueueMissing where the queue has no dead-letter queue, else as ``send`` does.
        """

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete messages whose work is done."""


class BlobStore(Protocol):
    """A store of large payloads, outside the queue."""

    def put(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> BlobReference:
        """Store an object from chunks in constant memory; it is there whole or not at all."""

    def require_bucket(self) -> None:
        """Raise QueueMissing where the bucket is not there."""

    def claim_check(self, envelope: Envelope, log: LogObjects) -> QueueMessage:
        """Encode the message of a stored log in the format that the bus's readers expect."""

    def open(self, reference: BlobReference) -> AbstractContextManager[Iterator[bytes]]:
        """Read an object in chunks; raises NotFound."""
