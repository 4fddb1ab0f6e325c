"""Queues in Pub/Sub: the ports Publisher and WorkQueue."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from ...domain.batches import batches, chunks
from ...domain.counters import Counters
from ...errors import QueueMissing, QueueUnavailable
from ...messaging.encoding import JSON_CONTENT_TYPE, QueueMessage, escape_json
from ...ports import ReceivedMessage, WorkQueue
from ...ports.queues import MAX_DELAY_SECONDS, REJECTION_ATTRIBUTE
from ...ports.whole_request_publisher import WholeRequestPublisher
from .clients import REQUEST_SECONDS, PubsubClients, brief_retry
from .errors import translate_google_errors

if TYPE_CHECKING:
    from google.pubsub_v1 import types

#: https://cloud.google.com/pubsub/quotas#resource_limits: 10 MB and 1,000 messages a request.
#: The emulator accepts more. The difference is room for names, ordering keys and framing.
MAX_REQUEST_BYTES = 10_000_000
MAX_MESSAGE_BYTES = MAX_REQUEST_BYTES - 200_000
MAX_BATCH_COUNT = 1_000
MAX_ACK_DEADLINE_SECONDS = 600

#: A pull that is cancelled before its answer arrives leaves messages that nobody processes.
SHORTEST_PULL_SECONDS = 1.0

#: The pause between two pulls, if the first ends early without a message.
PULL_PAUSE_SECONDS = 0.5

#: An attribute's value has 1,024 bytes at most.
MAX_REASON_CHARACTERS = 200

#: Seconds since 1970 before which a work item is not due: Pub/Sub cannot delay a message.
NOT_BEFORE_ATTRIBUTE = "not_before"
EVENT_ID_ATTRIBUTE = "event_id"

#: https://github.com/googleapis/google-cloudevents/blob/main/docs/spec/pubsub.md
CONTENT_TYPE_ATTRIBUTE = "content-type"


class PubsubPublisher(WholeRequestPublisher):
    """A publisher to one topic."""

    max_message_bytes = MAX_MESSAGE_BYTES
    max_batch_count = MAX_BATCH_COUNT

    def __init__(
        self, clients: PubsubClients, name: str, counters: Counters, *, is_ordered: bool
    ) -> None:
        super().__init__(name, counters)
        self._clients = clients
        self._topic = clients.topic_path(name)
        self._is_ordered = is_ordered

    def _split_into_requests(self, messages: list[QueueMessage]) -> Iterator[list[QueueMessage]]:
        """Split messages into requests: one ordering key each, and within the limit of bytes."""
        groups = groupby(messages, key=lambda each: each.group if self._is_ordered else "")
        for _, group in groups:
            yield from batches(group, size_of=attrgetter("size_bytes"), max_bytes=MAX_MESSAGE_BYTES)

    def _try_to_send(self, messages: list[QueueMessage]) -> str | None:
        from google.api_core.exceptions import InvalidArgument

        encoded = [self._encode(message) for message in messages]
        with translate_google_errors(f"Topic {self._topic}"):
            try:
                self._clients.publisher.publish(
                    topic=self._topic,
                    messages=encoded,
                    retry=brief_retry(),
                    timeout=REQUEST_SECONDS,
                )
            except InvalidArgument as error:
                return str(error.message)
        return None

    def _encode(self, message: QueueMessage) -> types.PubsubMessage:
        from google.pubsub_v1 import types

        attributes = {**message.attributes, EVENT_ID_ATTRIBUTE: message.event_id}
        if message.content_type != JSON_CONTENT_TYPE:
            attributes[CONTENT_TYPE_ATTRIBUTE] = message.content_type
        if message.delay_seconds:
            attributes[NOT_BEFORE_ATTRIBUTE] = f"{time.time() + message.delay_seconds:.3f}"
        return types.PubsubMessage(
            data=message.body.encode(),
            attributes=attributes,
            ordering_key=message.group if self._is_ordered else "",
        )


class PubsubWorkQueue(PubsubPublisher, WorkQueue):
    """A work queue: one topic and the subscription of its name."""

    def __init__(
        self,
        clients: PubsubClients,
        name: str,
        subscription: types.Subscription,
        counters: Counters,
    ) -> None:
        is_ordered = subscription.enable_message_ordering
        super().__init__(clients, name, counters, is_ordered=is_ordered)
        self._subscription = subscription

    @property
    def visibility_seconds(self) -> int:
        """Return the subscription's acknowledgement deadline."""
        return int(self._subscription.ack_deadline_seconds)

    def receive(self, *, max_messages: int, wait_seconds: int) -> list[ReceivedMessage]:
        """Receive messages that are due; waits for the first up to ``wait_seconds``.

        A message that is not due yet is hidden again, for at most 600 s at a time.
        """
        deadline = time.monotonic() + wait_seconds
        while True:
            pulled = self._pull(max_messages, deadline - time.monotonic())
            due = [each for each in pulled if not self._postpone_early(each)]
            left = deadline - time.monotonic()
            if due or left <= 0:
                return [_decode(each) for each in due]
            if not pulled:
                threading.Event().wait(min(left, PULL_PAUSE_SECONDS))

    def _pull(self, max_messages: int, seconds: float) -> list[types.ReceivedMessage]:
        from google.api_core.exceptions import DeadlineExceeded
        from google.pubsub_v1 import types

        request = types.PullRequest(
            subscription=self._subscription.name,
            max_messages=max_messages,
        )
        self._counters.add("queue_requests")
        with translate_google_errors(f"Subscription {self._subscription.name}"):
            try:
                answer = self._clients.subscriber.pull(
                    request, retry=None, timeout=max(seconds, SHORTEST_PULL_SECONDS)
                )
            except DeadlineExceeded:
                return []
        return list(answer.received_messages)

    def _postpone_early(self, received: types.ReceivedMessage) -> bool:
        """Hide a message until it is due; return whether it was not due yet."""
        try:
            left = float(received.message.attributes.get(NOT_BEFORE_ATTRIBUTE, 0)) - time.time()
        except ValueError:  # a message of another program
            return False
        # No item is delayed that long, even if clocks differ: the sender's clock was ahead.
        if not 0 < left <= 2 * MAX_DELAY_SECONDS:
            return False
        self._modify_ack_deadline(received.ack_id, math.ceil(left))
        return True

    def extend_visibility(self, message: ReceivedMessage, *, seconds: int) -> None:
        """Hold a message for ``seconds`` from now, 600 at most."""
        self._modify_ack_deadline(str(message.receipt_handle), seconds)

    def release(self, message: ReceivedMessage, *, after_seconds: int) -> None:
        """Let a message come back after ``after_seconds``, 600 at most."""
        self._modify_ack_deadline(str(message.receipt_handle), after_seconds)

    def _modify_ack_deadline(self, ack_id: str, seconds: int) -> None:
        from google.api_core.exceptions import InvalidArgument

        self._counters.add("queue_requests")
        with translate_google_errors(f"Subscription {self._subscription.name}"):
            try:
                self._clients.subscriber.modify_ack_deadline(
                    subscription=self._subscription.name,
                    ack_ids=[ack_id],
                    ack_deadline_seconds=min(seconds, MAX_ACK_DEADLINE_SECONDS),
                    retry=brief_retry(),
                    timeout=REQUEST_SECONDS,
                )
            except InvalidArgument:
                # Its ack deadline has passed: another receiver will publish the same ids.
                return

    def reject(self, message: ReceivedMessage, *, reason: str) -> None:
        """Move a message to the dead-letter topic, with the reason as an attribute."""
        topic = self._subscription.dead_letter_policy.dead_letter_topic
        if not topic:
            raise QueueMissing(
                f"Subscription {self._name} has no dead-letter topic. "
                "Create it with `runstream setup`."
            )
        dead_letter = QueueMessage(
            event_id="rejected",
            group="",
            body=message.body,
            attributes={REJECTION_ATTRIBUTE: escape_json(reason)[:MAX_REASON_CHARACTERS]},
        )
        publisher = PubsubPublisher(self._clients, topic, self._counters, is_ordered=False)
        for refused in publisher.send([dead_letter]):
            raise QueueUnavailable(f"{topic} refused it: {refused.reason}")
        self.delete([message])

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Acknowledge messages; a message that is no longer held is delivered again."""
        for chunk in chunks(messages, MAX_BATCH_COUNT):
            self._counters.add("queue_requests")
            with translate_google_errors(f"Subscription {self._subscription.name}"):
                self._clients.subscriber.acknowledge(
                    subscription=self._subscription.name,
                    ack_ids=[str(each.receipt_handle) for each in chunk],
                    retry=brief_retry(),
                    timeout=REQUEST_SECONDS,
                )


def _decode(received: types.ReceivedMessage) -> ReceivedMessage:
    return ReceivedMessage(
        body=received.message.data.decode(errors="replace"),
        receipt_handle=received.ack_id,
        receive_count=received.delivery_attempt or None,
    )
