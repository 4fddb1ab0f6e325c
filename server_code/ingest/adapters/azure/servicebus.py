"""Queues in Service Bus: the ports Publisher and WorkQueue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ...domain.batches import batches
from ...domain.counters import Counters
from ...messaging.encoding import QueueMessage, escape_json
from ...ports import ReceivedMessage, WorkQueue
from ...ports.whole_request_publisher import WholeRequestPublisher
from .clients import OPERATION_SECONDS, AzureClients
from .errors import translate_azure_errors
from .provision import WORK_LOCK_SECONDS

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusSender

#: What AMQP adds to a message's body and attributes: sections, properties, the message id.
OVERHEAD_BYTES = 512
MAX_BATCH_COUNT = 500

#: The shortest wait with which a receiver still gets messages that are in the queue.
SHORTEST_RECEIVE_SECONDS = 0.5

#: The lock duration that is assumed until a message is received: the default of a new queue.
DEFAULT_LOCK_SECONDS = 60

#: No queue has a shorter lock duration. If less is observed, the clock of this machine is ahead.
SHORTEST_LOCK_SECONDS = 5

#: A property's value has 32,767 bytes at most; a person reads the reason.
MAX_REASON_CHARACTERS = 1_024

#: AMQP errors of a request that is invalid, and would be refused again.
_INVALID_REQUEST_ERRORS = ("argument-error", "argument-out-of-range", "message-size-exceeded")


class ServiceBusPublisher(WholeRequestPublisher):
    """A publisher to one queue or topic; any number of threads may share it."""

    max_batch_count = MAX_BATCH_COUNT

    def __init__(self, clients: AzureClients, name: str, counters: Counters) -> None:
        super().__init__(name, counters)
        self._sender_lock = threading.Lock()
        with translate_azure_errors(f"Queue {name}"):
            self._sender: ServiceBusSender = clients.service_bus.get_queue_sender(name)
            self._max_batch_bytes: int = self._sender.create_message_batch().max_size_in_bytes

    @property
    def max_message_bytes(self) -> int:
        """Return the limit for a message; a batch has the same limit."""
        return self._max_batch_bytes - OVERHEAD_BYTES

    def _split_into_requests(self, messages: list[QueueMessage]) -> Iterator[list[QueueMessage]]:
        """Split messages into requests within the byte limit, each with messages of one delay."""
        for _, group in groupby(messages, key=attrgetter("delay_seconds")):
            yield from batches(group, size_of=_bytes_with_overhead, max_bytes=self._max_batch_bytes)

    def _try_to_send(self, messages: list[QueueMessage]) -> str | None:
        """Send one request; return why it is invalid, None where it was accepted."""
        from azure.servicebus.exceptions import ServiceBusError

        with self._sender_lock, translate_azure_errors(f"Queue {self._name}"):
            try:
                self._send_or_schedule(messages)
            except ServiceBusError as error:
                if not any(name in str(error) for name in _INVALID_REQUEST_ERRORS):
                    raise
                return str(error)
        return None

    def _send_or_schedule(self, messages: list[QueueMessage]) -> None:
        delay = messages[0].delay_seconds
        encoded = [_encode(message) for message in messages]
        if delay:
            due_at = datetime.now(timezone.utc) + timedelta(seconds=delay)
            self._sender.schedule_messages(encoded, due_at, timeout=OPERATION_SECONDS)
            return
        batch = self._sender.create_message_batch()
        for each in encoded:
            batch.add_message(each)
        self._sender.send_messages(batch, timeout=OPERATION_SECONDS)


class ServiceBusWorkQueue(ServiceBusPublisher, WorkQueue):
    """A work queue; any number of threads may share it.

    ``is_dead_letters``: receive its dead letters; sending still reaches the queue itself.
    """

    def __init__(
        self,
        clients: AzureClients,
        name: str,
        counters: Counters,
        *,
        is_dead_letters: bool = False,
    ) -> None:
        from azure.servicebus import ServiceBusSubQueue

        super().__init__(clients, name, counters)
        self._lock_seconds = DEFAULT_LOCK_SECONDS
        self._receiver_lock = threading.Lock()
        sub_queue = ServiceBusSubQueue.DEAD_LETTER if is_dead_letters else None
        with translate_azure_errors(f"Queue {name}"):
            self._receiver = clients.service_bus.get_queue_receiver(name, sub_queue=sub_queue)
            self._receiver.__enter__()

    @property
    def visibility_seconds(self) -> int:
        """Return for how long the queue locks a message, as observed with the last one."""
        return self._lock_seconds

    def receive(self, *, max_messages: int, wait_seconds: int) -> list[ReceivedMessage]:
        """Receive messages; waits for the first up to ``wait_seconds``."""
        wait = max(float(wait_seconds), SHORTEST_RECEIVE_SECONDS)
        self._counters.add("queue_requests")
        with self._receiver_lock, translate_azure_errors(f"Queue {self._name}"):
            received = self._receiver.receive_messages(max_messages, max_wait_time=wait)
        for message in received:
            self._note_lock_duration(message)
        return [_decode(message) for message in received]

    def extend_visibility(self, message: ReceivedMessage, *, seconds: int) -> None:  # noqa: ARG002 - see below
        """Renew the lock of a message for the queue's lock duration; Service Bus takes no other."""
        self._settle(self._receiver.renew_message_lock, message)

    def release(self, message: ReceivedMessage, *, after_seconds: int) -> None:
        """Let a message be received again: at once, or when its lock ends."""
        if after_seconds == 0:
            self._settle(self._receiver.abandon_message, message)

    def reject(self, message: ReceivedMessage, *, reason: str) -> None:
        """Move a message to the dead letters, with the reason, printable, in their own property."""
        text = escape_json(reason)[:MAX_REASON_CHARACTERS]
        self._settle(self._receiver.dead_letter_message, message, reason=text)

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Complete messages; a message that is no longer locked is delivered again."""
        for message in messages:
            self._settle(self._receiver.complete_message, message)

    def _settle(
        self, settle: Callable[..., object], message: ReceivedMessage, **details: str
    ) -> None:
        """Settle a message; if its lock was lost, another receiver processes it instead."""
        from azure.servicebus.exceptions import MessageAlreadySettled, MessageLockLostError

        self._counters.add("queue_requests")
        with self._receiver_lock, translate_azure_errors(f"Queue {self._name}"):
            try:
                # Opens the receiver again where its connection was lost; else it does nothing.
                self._receiver.__enter__()
                settle(message.receipt_handle, **details)
            except (MessageAlreadySettled, MessageLockLostError):
                return

    def _note_lock_duration(self, message: ServiceBusReceivedMessage) -> None:
        if message.locked_until_utc is not None:
            left = message.locked_until_utc - datetime.now(timezone.utc)
            observed = max(round(left.total_seconds()), SHORTEST_LOCK_SECONDS)
            # Never longer than `setup` makes it: the clock of this machine may be behind.
            self._lock_seconds = min(observed, WORK_LOCK_SECONDS)


def _bytes_with_overhead(message: QueueMessage) -> int:
    return message.size_bytes + OVERHEAD_BYTES


def _encode(message: QueueMessage) -> ServiceBusMessage:
    from azure.servicebus import ServiceBusMessage

    attributes: dict[str | bytes, int | float | bytes | bool | str | UUID] = {}
    attributes.update(message.attributes)
    return ServiceBusMessage(
        message.body.encode(),
        message_id=message.event_id,
        application_properties=attributes,
        content_type=message.content_type,
    )


def _decode(message: ServiceBusReceivedMessage) -> ReceivedMessage:
    count: Any = message.delivery_count
    return ReceivedMessage(
        body=_read_body(message).decode(errors="replace"),
        receipt_handle=message,
        receive_count=None if count is None else int(count) + 1,
    )


def _read_body(message: ServiceBusReceivedMessage) -> bytes:
    """Return a message's content, also of other programs: JMS clients send a text as one value."""
    from azure.servicebus.amqp import AmqpMessageBodyType

    if message.body_type is AmqpMessageBodyType.DATA:
        return b"".join(message.body)
    return message.body if isinstance(message.body, bytes) else str(message).encode()
