"""The attributes of a topic and the subscription of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import AccessDenied, QueueMissing
from .clients import REQUEST_SECONDS, PubsubClients, brief_retry
from .errors import translate_google_errors

if TYPE_CHECKING:
    from google.pubsub_v1.types import Subscription


def read_subscription(clients: PubsubClients, name: str) -> Subscription:
    """Fetch a queue's subscription, which has the name of its topic.

    Raises QueueMissing, AccessDenied, QueueUnavailable.
    """
    path = clients.subscription_path(name)
    with translate_google_errors(f"Subscription {path}"):
        return clients.subscriber.get_subscription(
            subscription=path, retry=brief_retry(), timeout=REQUEST_SECONDS
        )


def has_ordering(clients: PubsubClients, name: str) -> bool:
    """Return whether a topic is read in order; False where its subscription cannot be read."""
    try:
        return bool(read_subscription(clients, name).enable_message_ordering)
    except (AccessDenied, QueueMissing):
        return False


def require_topic(clients: PubsubClients, name: str) -> None:
    """Raise QueueMissing if a topic does not exist and the credentials may check it."""
    path = clients.topic_path(name)
    try:
        with translate_google_errors(f"Topic {path}"):
            clients.publisher.get_topic(topic=path, retry=brief_retry(), timeout=REQUEST_SECONDS)
    except AccessDenied:
        return
