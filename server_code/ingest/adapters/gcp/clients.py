"""The clients of Pub/Sub: the credentials, the emulator, time limits and retries."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import QueueMissing
from .errors import translate_credential_errors, translate_google_errors

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.pubsub_v1 import PublisherClient, SubscriberClient
    from google.pubsub_v1.types import Subscription

#: The time limit of one request; the collector sends again what failed.
REQUEST_SECONDS = 30

#: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/delete
_DELETED_TOPIC = "_deleted-topic_"


@dataclass(frozen=True, slots=True, kw_only=True)
class PubsubClients:
    """The two clients of one project."""

    project: str
    publisher: PublisherClient
    subscriber: SubscriberClient

    def topic_path(self, name: str) -> str:
        """Return the path of a topic that is given by name or path."""
        return name if name.startswith("projects/") else f"projects/{self.project}/topics/{name}"

    def subscription_path(self, name: str) -> str:
        """Return the path of the subscription that has the topic's name."""
        return self.topic_path(name).replace("/topics/", "/subscriptions/")

    def read_subscription(self, name: str) -> Subscription:
        """Fetch a queue's subscription. Raises AccessDenied, QueueUnavailable.

        Raises QueueMissing also for one whose topic was deleted: a new topic does not feed it.
        """
        path = self.subscription_path(name)
        with translate_google_errors(f"Subscription {path}"):
            found = self.subscriber.get_subscription(
                subscription=path, retry=brief_retry(), timeout=REQUEST_SECONDS
            )
        if found.detached or found.topic == _DELETED_TOPIC:
            raise QueueMissing(
                f"Subscription {path} receives nothing, because its topic was deleted or it was "
                "detached. Delete it, and create it with `runstream setup`."
            )
        return found

    def close(self) -> None:
        """Close both connections."""
        self.publisher.transport.close()
        self.subscriber.transport.close()


def open_clients(project: str) -> PubsubClients:
    """Open the clients with application default credentials, or PUBSUB_EMULATOR_HOST.

    Raises AccessDenied where there are none.
    """
    from google.pubsub_v1 import PublisherClient, SubscriberClient

    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    if not emulator:
        with translate_credential_errors("Pub/Sub"):
            return PubsubClients(
                project=project, publisher=PublisherClient(), subscriber=SubscriberClient()
            )
    import grpc
    from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
    from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(emulator, options=unlimited)
    return PubsubClients(
        project=project,
        publisher=PublisherClient(transport=PublisherGrpcTransport(channel=channel)),
        subscriber=SubscriberClient(transport=SubscriberGrpcTransport(channel=channel)),
    )


def brief_retry() -> Retry:
    """Return the retries of a request while the service is unavailable for a moment."""
    from google.api_core.retry import Retry

    return Retry(initial=0.1, maximum=2.0, timeout=5.0)
