"""Reads that a limit ended, to be continued by the next request for the same."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

#: Reads that are kept, and for how long: GitHub's longest limit is an hour.
MAX_READS = 50
KEPT_SECONDS = 2 * 3600


class InterruptedReads(Generic[T]):
    """A bounded store of interrupted reads. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def keep(self, query: str, read: T) -> None:
        """Keep a read; the oldest goes when there are too many."""
        with self._lock:
            self._reads[query] = (read, time.monotonic() + KEPT_SECONDS)
            self._reads.move_to_end(query)
            while len(self._reads) > MAX_READS:
                self._reads.popitem(last=False)

    def take(self, query: str) -> T | None:
        """Remove and return what was read of a query so far; None if that is nothing."""
        with self._lock:
            read, until = self._reads.pop(query, (None, 0.0))
        return read if time.monotonic() < until else None
