"""Service Bus and Blob Storage as a message bus: the port EventBus."""

from __future__ import annotations

from collections.abc import Iterator

from ...domain.counters import Counters
from ...errors import AccessDenied
from ...ports import EventBus, QueueDepth
from ...ports.inspection import QueueInspector
from ...settings import AzureSettings, QueueSettings
from .blobs import AzureBlobStore
from .clients import AzureClients
from .errors import translate_azure_errors
from .inspect import ServiceBusInspector
from .provision import ensure_queue
from .servicebus import ServiceBusPublisher, ServiceBusWorkQueue


class ServiceBusBus(EventBus):
    """The queues of one namespace, and a container."""

    def __init__(self, azure: AzureSettings, queues: QueueSettings) -> None:
        self._clients = AzureClients(azure)
        self._queues = queues

    def open_publisher(self, name: str, counters: Counters) -> ServiceBusPublisher:
        """Open a queue or topic for sending."""
        return ServiceBusPublisher(self._clients, name, counters)

    def open_work_queue(self, name: str, counters: Counters) -> ServiceBusWorkQueue:
        """Open a queue for sending and receiving."""
        return ServiceBusWorkQueue(self._clients, name, counters)

    def open_dead_letters(self, name: str, counters: Counters) -> ServiceBusWorkQueue:
        """Open the dead letters that every queue of Service Bus has."""
        return ServiceBusWorkQueue(self._clients, name, counters, is_dead_letters=True)

    def open_blobs(self) -> AzureBlobStore | None:
        """Open LOG_BUCKET; None where none is set."""
        bucket = self._queues.log_bucket
        return None if bucket is None else AzureBlobStore(self._clients, bucket)

    def inspector(self) -> QueueInspector:
        """Return the checks of ``doctor``."""
        return ServiceBusInspector(self._clients)

    def set_up(self) -> Iterator[str]:
        """Create queues and container where they are missing; yield what was done."""
        for name in self._queues.names:
            is_work_queue = name == self._queues.job_events_queue
            yield ensure_queue(self._clients.administration, name, is_work_queue=is_work_queue)
        blobs = self.open_blobs()
        if blobs is not None:
            yield blobs.create_if_missing()

    def depth(self, name: str) -> QueueDepth:
        """Count the messages of a queue; unknown to credentials that may not manage it."""
        try:
            with translate_azure_errors(f"Queue {name}"):
                counts = self._clients.administration.get_queue_runtime_properties(name)
        except AccessDenied:
            return QueueDepth(visible=None, in_flight=None, delayed=None)
        # Service Bus counts locked messages among the active ones.
        return QueueDepth(
            visible=counts.active_message_count,
            in_flight=None,
            delayed=counts.scheduled_message_count,
        )

    def close(self) -> None:
        """Close the connections, where they were opened."""
        self._clients.close()
