"""The deliveries of webhooks, sent or lost, each with its request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from .times import UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver an event; all attempts of one event have the same `guid`."""

    hook_id: int
    guid: str
    event: str
    action: str | None
    repository_id: int
    body: bytes
    headers: dict[str, str]
    id: int = 0
    delivered_at: UnixSeconds = 0.0
    status: str = ""
    status_code: int = 0


class Deliveries:
    """The deliveries of each hook, oldest first; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_hook: dict[int, list[Delivery]] = {}
        self._count = 0

    def add(self, delivery: Delivery) -> None:
        """Store a delivery with a new id, which is greater than all earlier ones."""
        with self._lock:
            self._count += 1
            numbered = replace(delivery, id=20_000_000_000 + self._count)
            self._by_hook.setdefault(delivery.hook_id, []).append(numbered)

    def newest_first(self, hook_id: int) -> list[Delivery]:
        """Return a hook's deliveries, the newest first."""
        with self._lock:
            return self._by_hook.get(hook_id, [])[::-1]

    def find(self, hook_id: int, delivery_id: int) -> Delivery | None:
        """Return a hook's delivery by its id, or None."""
        found = (item for item in self.newest_first(hook_id) if item.id == delivery_id)
        return next(found, None)
