"""Pub/Sub and Cloud Storage as a message bus: the port EventBus."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ...domain.counters import Counters
from ...errors import AccessDenied, QueueMissing
from ...ports import EventBus, QueueDepth
from ...ports.inspection import QueueInspector
from ...settings import QueueSettings
from .clients import REQUEST_SECONDS, PubsubClients, brief_retry, open_clients
from .errors import translate_google_errors
from .inspect import PubsubInspector
from .provision import dead_letter_name, ensure_queue
from .pubsub import PubsubPublisher, PubsubWorkQueue
from .storage import GcsBlobStore, open_storage


class PubsubBus(EventBus):
    """The topics and the bucket of one Google Cloud project."""

    def __init__(self, project: str, queues: QueueSettings) -> None:
        self._project = project
        self._queues = queues

    def open_publisher(self, name: str, counters: Counters) -> PubsubPublisher:
        """Open a topic for sending. Raises QueueMissing, AccessDenied, QueueUnavailable."""
        _require_topic(self._clients, name)
        is_ordered = _has_ordering(self._clients, name)
        return PubsubPublisher(self._clients, name, counters, is_ordered=is_ordered)

    def open_work_queue(self, name: str, counters: Counters) -> PubsubWorkQueue:
        """Open a topic and its subscription. Raises what ``open_publisher`` raises."""
        subscription = self._clients.read_subscription(name)
        return PubsubWorkQueue(self._clients, name, subscription, counters)

    def open_dead_letters(self, name: str, counters: Counters) -> PubsubWorkQueue:
        """Open the dead letters that ``setup`` gives a queue."""
        return self.open_work_queue(dead_letter_name(name), counters)

    def open_blobs(self) -> GcsBlobStore | None:
        """Open LOG_BUCKET; None where none is set."""
        bucket = self._queues.log_bucket
        return None if bucket is None else GcsBlobStore(open_storage(self._project), bucket)

    def inspector(self) -> QueueInspector:
        """Return the checks of ``doctor``."""
        return PubsubInspector(self._clients)

    def set_up(self) -> Iterator[str]:
        """Create topics, subscriptions and bucket where they are missing; yield what was done."""
        for name in self._queues.names:
            is_work_queue = name == self._queues.job_events_queue
            yield from ensure_queue(self._clients, name, is_work_queue=is_work_queue)
        blobs = self.open_blobs()
        if blobs is not None:
            yield blobs.create_if_missing()

    def depth(self, name: str) -> QueueDepth:
        """Return an unknown depth: only Cloud Monitoring counts (num_undelivered_messages)."""
        _require_topic(self._clients, name)
        return QueueDepth(visible=None, in_flight=None, delayed=None)

    def close(self) -> None:
        """Close the connections, where they were opened."""
        if "_clients" in self.__dict__:
            self._clients.close()

    @cached_property
    def _clients(self) -> PubsubClients:
        return open_clients(self._project)


def _has_ordering(clients: PubsubClients, name: str) -> bool:
    """Return whether a topic is read in order; False where its subscription cannot be read."""
    try:
        return bool(clients.read_subscription(name).enable_message_ordering)
    except (AccessDenied, QueueMissing):
        return False


def _require_topic(clients: PubsubClients, name: str) -> None:
    """Raise QueueMissing if a topic does not exist and the credentials may check it."""
    path = clients.topic_path(name)
    try:
        with translate_google_errors(f"Topic {path}"):
            clients.publisher.get_topic(topic=path, retry=brief_retry(), timeout=REQUEST_SECONDS)
    except AccessDenied:
        return
