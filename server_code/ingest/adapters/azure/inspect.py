"""The checks of queues and container: the port QueueInspector."""

from __future__ import annotations

from datetime import timedelta

from ...domain.counters import Counters
from ...errors import AccessDenied, QueueMissing
from ...ports.inspection import BusRemedies, QueueAttributes, QueueInspector
from .blobs import AzureBlobStore
from .clients import AzureClients
from .errors import NETWORK_REMEDY, translate_azure_errors
from .servicebus import ServiceBusPublisher


class ServiceBusInspector(QueueInspector):
    """Checks of Service Bus and Blob Storage that leave nothing there."""

    remedies = BusRemedies(
        missing="If it exists elsewhere, correct its name or the namespace.",
        denied="runstream setup --print-bicep prints the roles that the credentials need.",
        unreachable=NETWORK_REMEDY,
    )

    def __init__(self, clients: AzureClients) -> None:
        self._clients = clients

    def inspect_queue(self, name: str) -> QueueAttributes:
        """Read a queue's limits and counts, as far as the credentials may manage it."""
        limit = ServiceBusPublisher(self._clients, name, Counters()).max_message_bytes
        visibility_seconds = waiting = dead_letters = None
        try:
            with translate_azure_errors(f"Queue {name}"):
                properties = self._clients.administration.get_queue(name)
                counts = self._clients.administration.get_queue_runtime_properties(name)
        except (AccessDenied, QueueMissing):
            # Reading the limits needs more rights than sending does; or it is a topic.
            pass
        else:
            lock = properties.lock_duration
            visibility_seconds = int(lock.total_seconds()) if isinstance(lock, timedelta) else None
            waiting = counts.active_message_count
            dead_letters = counts.dead_letter_message_count
        return QueueAttributes(
            max_message_bytes=limit,
            visibility_seconds=visibility_seconds,
            waiting=waiting,
            dead_letter_queue=f"{name}/$DeadLetterQueue",
            dead_letters=dead_letters,
        )

    def check_can_send(self, name: str) -> None:
        """Open a link for sending, which needs the right to send."""
        ServiceBusPublisher(self._clients, name, Counters())

    def check_can_store(self, bucket: str) -> None:
        """Store an empty object and delete it."""
        AzureBlobStore(self._clients, bucket).check_can_store()
