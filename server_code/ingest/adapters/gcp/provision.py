"""Creation and correction of topics, subscriptions and their dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from ...ports.queues import MAX_RECEIVES
from .clients import REQUEST_SECONDS, PubsubClients, brief_retry
from .errors import translate_google_errors

if TYPE_CHECKING:
    from google.pubsub_v1 import types

#: Two more than the tries of a work item: an item that is delayed (900 s at most) is received up to
#: twice before it is due, because an ack deadline is 600 s at most.
MAX_DELIVERY_ATTEMPTS = MAX_RECEIVES + 2
_WORK_ACK_DEADLINE_SECONDS = 120
READER_ACK_DEADLINE_SECONDS = 60

#: https://cloud.google.com/pubsub/docs/subscription-retention-period
_RETENTION = timedelta(days=7)


def dead_letter_name(name: str) -> str:
    """Return the name of the topic and subscription for a queue's dead letters."""
    return f"{name}_dlq"


def ack_deadline_seconds(*, is_work_queue: bool) -> int:
    """Return how long a receiver of a queue has for a message."""
    return _WORK_ACK_DEADLINE_SECONDS if is_work_queue else READER_ACK_DEADLINE_SECONDS


def ensure_queue(clients: PubsubClients, name: str, *, is_work_queue: bool) -> Iterator[str]:
    """Create or correct a queue and its dead letters; yield what was done."""
    dead_letters = dead_letter_name(name)
    for topic in (name, dead_letters):
        yield _ensure_topic(clients, topic)
    yield _ensure_subscription(clients, dead_letters, READER_ACK_DEADLINE_SECONDS, None)
    yield _ensure_subscription(
        clients, name, ack_deadline_seconds(is_work_queue=is_work_queue), dead_letters
    )


def _ensure_topic(clients: PubsubClients, name: str) -> str:
    from google.api_core.exceptions import AlreadyExists

    path = clients.topic_path(name)
    with translate_google_errors(f"Topic {path}"):
        try:
            clients.publisher.create_topic(name=path, retry=brief_retry(), timeout=REQUEST_SECONDS)
        except AlreadyExists:
            return f"Topic {name} exists."
    return f"Topic {name} created."


def _ensure_subscription(
    clients: PubsubClients, name: str, ack_deadline: int, dead_letters: str | None
) -> str:
    from google.api_core.exceptions import AlreadyExists
    from google.pubsub_v1 import types

    path = clients.subscription_path(name)
    wanted = types.Subscription(
        name=path,
        topic=clients.topic_path(name),
        ack_deadline_seconds=ack_deadline,
        message_retention_duration=_RETENTION,
        # Without a time to live: an idle subscription is not deleted.
        expiration_policy=types.ExpirationPolicy(),
    )
    if dead_letters is not None:
        wanted.dead_letter_policy = types.DeadLetterPolicy(
            dead_letter_topic=clients.topic_path(dead_letters),
            max_delivery_attempts=MAX_DELIVERY_ATTEMPTS,
        )
    with translate_google_errors(f"Subscription {path}"):
        try:
            clients.subscriber.create_subscription(
                wanted, retry=brief_retry(), timeout=REQUEST_SECONDS
            )
        except AlreadyExists:
            return _correct(clients, name, wanted)
    return f"Subscription {name} created."


def _correct(clients: PubsubClients, name: str, wanted: types.Subscription) -> str:
    """Give an old subscription dead letters and enough time; higher values stay."""
    from google.protobuf.field_mask_pb2 import FieldMask

    found = clients.read_subscription(name)
    lacks = {
        "dead_letter_policy": bool(wanted.dead_letter_policy) and not found.dead_letter_policy,
        "ack_deadline_seconds": found.ack_deadline_seconds < wanted.ack_deadline_seconds,
    }
    if not any(lacks.values()):
        return f"Subscription {name} exists."
    clients.subscriber.update_subscription(
        subscription=wanted,
        update_mask=FieldMask(paths=[each for each, is_lacking in lacks.items() if is_lacking]),
        retry=brief_retry(),
        timeout=REQUEST_SECONDS,
    )
    return f"Subscription {name} corrected."
