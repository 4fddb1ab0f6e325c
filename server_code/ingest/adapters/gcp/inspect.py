"""The checks of topics and bucket: the port QueueInspector."""

from __future__ import annotations

from ...errors import AccessDenied
from ...ports.inspection import BusRemedies, QueueAttributes, QueueInspector
from .clients import REQUEST_SECONDS, PubsubClients
from .errors import NETWORK_REMEDY, translate_google_errors
from .pubsub import MAX_MESSAGE_BYTES
from .storage import GcsBlobStore, open_storage

_PUBLISH_PERMISSION = "pubsub.topics.publish"


class PubsubInspector(QueueInspector):
    """Read-only checks of Pub/Sub and Cloud Storage."""

    remedies = BusRemedies(
        missing="If it exists elsewhere, correct its name or GOOGLE_CLOUD_PROJECT.",
        denied="runstream setup --print-gcloud prints the roles that the credentials need.",
        unreachable=NETWORK_REMEDY,
    )

    def __init__(self, clients: PubsubClients) -> None:
        self._clients = clients

    def inspect_queue(self, name: str) -> QueueAttributes:
        """Read a subscription's attributes; Pub/Sub does not report how many messages wait."""
        subscription = self._clients.read_subscription(name)
        dead_letter_topic = subscription.dead_letter_policy.dead_letter_topic
        return QueueAttributes(
            max_message_bytes=MAX_MESSAGE_BYTES,
            visibility_seconds=subscription.ack_deadline_seconds,
            waiting=None,
            dead_letter_queue=dead_letter_topic.rpartition("/")[2] or None,
            dead_letters=None,
        )

    def check_can_send(self, name: str) -> None:
        """Ask for the permission to publish."""
        path = self._clients.topic_path(name)
        with translate_google_errors(f"Topic {path}"):
            answer = self._clients.publisher.test_iam_permissions(
                {"resource": path, "permissions": [_PUBLISH_PERMISSION]}, timeout=REQUEST_SECONDS
            )
        if _PUBLISH_PERMISSION not in answer.permissions:
            raise AccessDenied(f"Topic {path} does not grant {_PUBLISH_PERMISSION}.")

    def check_can_store(self, bucket: str) -> None:
        """Ask for the permission to create objects."""
        GcsBlobStore(open_storage(self._clients.project), bucket).check_can_store()
