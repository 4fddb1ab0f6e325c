"""Running generators on worker threads while their items are taken on this one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: Items that may wait to be taken; more make the workers wait.
MAX_WAITING = 16

#: So long the taker waits for the next item before it does what it has put off.
LINGER_SECONDS = 0.02


class Finished:
    """Mark the end of one generator; ``error`` is what it raised, if it did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def interleave(
    workers: Executor,
    keys: Sequence[K],
    produce: Callable[[K], Iterator[V]],
    *,
    when_idle: Callable[[], None] = lambda: None,
) -> Iterator[tuple[K, V | Finished]]:
    """Yield each key's items in their order, keys mixed; ``Finished`` ends each key.

    ``when_idle`` is called on the taker's thread before it waits longer for an item.
    Abandoning the iteration stops the generators at their next item.
    """
    line: _Line[K, V] = _Line(produce, when_idle)
    futures = [workers.submit(line.fill, key) for key in keys]
    try:
        for _ in keys:
            yield from line.until_one_is_finished()
    finally:
        line.stop()
        for future in futures:
            future.result()


class _Line(Generic[K, V]):
    """Pass items from many workers to one taker."""

    def __init__(self, produce: Callable[[K], Iterator[V]], when_idle: Callable[[], None]) -> None:
        self._produce = produce
        self._when_idle = when_idle
        self._items: queue.Queue[tuple[K, V | Finished]] = queue.Queue(MAX_WAITING)
        self._stopped = threading.Event()

    def fill(self, key: K) -> None:
        """Put a key's items in line, its end last; does nothing once the line has stopped."""
        if self._stopped.is_set():
            return
        error: BaseException | None = None
        try:
            for item in self._produce(key):
                if not self._put(key, item):
                    return
        except Exception as raised:  # noqa: BLE001 - handed to the taker, whose it is
            error = raised
        self._put(key, Finished(error))

    def until_one_is_finished(self) -> Iterator[tuple[K, V | Finished]]:
        """Yield items up to and with the next end of a key."""
        while True:
            key, item = self._next()
            yield key, item
            if isinstance(item, Finished):
                return

    def stop(self) -> None:
        """Let every worker go, whether it waits or works."""
        self._stopped.set()

    def _next(self) -> tuple[K, V | Finished]:
        try:
            return self._items.get(timeout=LINGER_SECONDS)
        except queue.Empty:
            self._when_idle()
            return self._items.get()

    def _put(self, key: K, item: V | Finished) -> bool:
        while not self._stopped.is_set():
            try:
                self._items.put((key, item), timeout=0.2)
            except queue.Full:
                continue
            return True
        return False
