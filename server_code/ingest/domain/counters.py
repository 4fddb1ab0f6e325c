"""Counters that many threads may increment."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping

from .pending_requests import PendingRequests


def sent_messages_counter(queue_name: str) -> str:
    """Return the name of the counter of the messages that a queue has accepted."""
    return f"queue_messages.{queue_name}"


class Counters:
    """The counters of one process, by name; all its adapters and services share them.

    ``pending_requests``: requests that have no answer yet, by host or queue.
    """

    def __init__(self) -> None:
        self.pending_requests = PendingRequests()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._saved: Counter[str] = Counter()

    def add(self, name: str, amount: int = 1) -> None:
        """Increment one counter."""
        with self._lock:
            self._counts[name] += amount

    def read(self, name: str) -> int:
        """Return one counter; 0 if it was never incremented."""
        with self._lock:
            return self._counts[name]

    def snapshot(self) -> dict[str, int]:
        """Copy all counters."""
        with self._lock:
            return dict(self._counts)

    def save_increments(self, save: Callable[[Mapping[str, int]], None]) -> None:
        """Save what was counted since the last time, each count once.

        Raises what ``save`` raises; what could not be saved is saved the next time.
        """
        with self._lock:
            grown = {name: n - self._saved[name] for name, n in self._counts.items()}
            self._saved = Counter(self._counts)
        try:
            if any(grown.values()):
                save({name: n for name, n in grown.items() if n})
        except BaseException:
            with self._lock:
                self._saved.subtract(grown)
            raise
