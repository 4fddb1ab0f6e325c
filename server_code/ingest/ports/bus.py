"""What the collector needs of a message bus: its queues, its bucket, and their maintenance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..domain.counters import Counters
from .queues import BlobStore, Publisher, WorkQueue

if TYPE_CHECKING:
    from .inspection import QueueInspector


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """How many messages a queue has, as far as its bus counts them; None if it does not."""

    visible: int | None
    in_flight: int | None
    delayed: int | None


class EventBus(Protocol):
    """One configured bus. Its methods raise QueueMissing, AccessDenied, QueueUnavailable."""

    def open_publisher(self, name: str, counters: Counters) -> Publisher:
        """Open a queue for sending."""

    def open_work_queue(self, name: str, counters: Counters) -> WorkQueue:
        """Open a queue for sending and receiving."""

    def open_dead_letters(self, name: str, counters: Counters) -> WorkQueue:
        """Open the dead letters of a queue."""

    def open_blobs(self) -> BlobStore | None:
        """Open the bucket for large logs; None where none is configured."""

    def inspector(self) -> QueueInspector:
        """Return the client with which ``doctor`` checks the queues and the bucket."""

    def set_up(self) -> Iterator[str]:
        """Create missing queues and the bucket; yield what was done. Raises BadSettings."""

    def depth(self, name: str) -> QueueDepth:
        """Count the messages of a queue."""

    def close(self) -> None:
        """Close the connections."""
