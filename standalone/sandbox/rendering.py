"""Keep what was rendered, so that an unchanged list is not written twice."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rendered:
    """A body and the digest that its ETags are made of."""

    body: bytes
    digest: str
    link: str = ""


def rendered(body: bytes, link: str = "") -> Rendered:
    """Pair a body with its digest."""
    return Rendered(body, hashlib.sha256(body + link.encode()).hexdigest(), link)


class RenderCache:
    """A cache of bodies, bounded by bytes; the oldest are evicted first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._bodies: OrderedDict[Hashable, Rendered] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Rendered]) -> Rendered:
        """Return what was rendered for the key, rendering it now if it must be."""
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
