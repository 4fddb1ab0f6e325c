"""Counters that many threads may raise."""

from __future__ import annotations

import threading
from collections import Counter


class Counters:
    """The counters of one process, by name; all its adapters and services share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, amount: int = 1) -> None:
        """Raise one counter."""
        with self._lock:
            self._counts[name] += amount

    def read(self, name: str) -> int:
        """Read one counter; 0 if it was never raised."""
        with self._lock:
            return self._counts[name]

    def snapshot(self) -> dict[str, int]:
        """Copy all counters."""
        with self._lock:
            return dict(self._counts)
