"""The attributes of a topic and the subscription of the same name."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import AccessDenied, QueueMissing
from .clients import REQUEST_SECONDS, PubsubClients, brief_retry
from .errors import google_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription that, with the topic of its name, is a queue."""

    name: str
    path: str
    ack_deadline_seconds: int
    is_ordered: bool
    dead_letter_topic: str | None


def read_subscription(clients: PubsubClients, name: str) -> Subscription:
    """Fetch a subscription. Raises QueueMissing, AccessDenied, QueueUnavailable."""
    path = clients.subscription_path(name)
    with google_errors(f"Subscription {path}"):
        found = clients.subscriber.get_subscription(
            subscription=path, retry=brief_retry(), timeout=REQUEST_SECONDS
        )
    return Subscription(
        name=name,
        path=path,
        ack_deadline_seconds=found.ack_deadline_seconds,
        is_ordered=found.enable_message_ordering,
        dead_letter_topic=found.dead_letter_policy.dead_letter_topic or None,
    )


def has_ordering(clients: PubsubClients, name: str) -> bool:
    """Return whether a topic is read in order; False where its subscription cannot be read."""
    try:
        return read_subscription(clients, name).is_ordered
    except (AccessDenied, QueueMissing):
        return False


def require_topic(clients: PubsubClients, name: str) -> None:
    """Raise QueueMissing if a topic does not exist and the credentials may check it."""
    path = clients.topic_path(name)
    try:
        with google_errors(f"Topic {path}"):
            clients.publisher.get_topic(topic=path, retry=brief_retry(), timeout=REQUEST_SECONDS)
    except AccessDenied:
        return
