"""Reads of lists that a rate limit ended, for the next read of the same list to continue."""

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
    """A bounded store of interrupted reads, by a key of the list. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def keep(self, key: str, read: T) -> None:
        """Keep a read; the oldest one is dropped if there are too many."""
        with self._lock:
            self._reads[key] = (read, time.monotonic() + KEPT_SECONDS)
            self._reads.move_to_end(key)
            while len(self._reads) > MAX_READS:
                self._reads.popitem(last=False)

    def pop(self, key: str) -> T | None:
        """Remove and return the read of a key; None where none is kept."""
        with self._lock:
            read, until = self._reads.pop(key, (None, 0.0))
        return read if time.monotonic() < until else None
