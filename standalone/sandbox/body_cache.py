"""A cache of the bodies of answers, so that an unchanged list is not encoded twice."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DigestedBody:
    """A body and the digest that its ETags are made of."""

    body: bytes
    digest: str
    link: str = ""


def with_digest(body: bytes, link: str = "") -> DigestedBody:
    """Pair a body with its digest."""
    return DigestedBody(body, hashlib.sha256(body + link.encode()).hexdigest(), link)


class BodyCache:
    """A cache of bodies with a limit in bytes; the least recently used are evicted first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._bodies: OrderedDict[Hashable, DigestedBody] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], DigestedBody]) -> DigestedBody:
        """Return the cached body of a key; if there is none, make it and cache it."""
        with self._lock:
            found = self._bodies.get(key)
            if found is not None:
                self._bodies.move_to_end(key)
                return found
        made = make()
        with self._lock:
            if key not in self._bodies:
                self._bodies[key] = made
                self._size_bytes += len(made.body)
            while self._size_bytes > self._max_bytes and len(self._bodies) > 1:
                _, dropped = self._bodies.popitem(last=False)
                self._size_bytes -= len(dropped.body)
        return made
