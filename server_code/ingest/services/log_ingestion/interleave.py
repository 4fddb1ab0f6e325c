"""Run generators on worker threads and consume their items on the calling thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: Items buffered at most; workers block while the buffer is full.
MAX_BUFFERED = 16

#: How long the consumer waits for an item before ``when_idle`` is called, and called again.
IDLE_AFTER_SECONDS = 0.02
IDLE_EVERY_SECONDS = 1.0


class Finished:
    """The end of one generator; ``error`` is the exception that ended it, if any."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


def interleave(
    workers: Executor,
    keys: Sequence[K],
    produce: Callable[[K], Iterator[V]],
    *,
    when_idle: Callable[[], object] = lambda: None,
) -> Generator[tuple[K, V | Finished]]:
    """Yield the items of every key, in order per key; ``Finished`` is each key's last item.

    ``when_idle`` is called on the calling thread when it waits for an item, and then every second.
    Closing the iterator stops the generators at their next item.
    """
    buffer: _ItemBuffer[K, V] = _ItemBuffer(produce, when_idle)
    futures = [workers.submit(buffer.fill, key) for key in keys]
    try:
        for _ in keys:
            yield from buffer.until_next_end()
    finally:
        buffer.stop()
        for future in futures:
            future.result()


class _ItemBuffer(Generic[K, V]):
    """A bounded buffer between many worker threads and one consumer."""

    def __init__(
        self, produce: Callable[[K], Iterator[V]], when_idle: Callable[[], object]
    ) -> None:
        self._produce = produce
        self._when_idle = when_idle
        self._items: queue.Queue[tuple[K, V | Finished]] = queue.Queue(MAX_BUFFERED)
        self._stopped = threading.Event()

    def fill(self, key: K) -> None:
        """Add a key's items and then its end; does nothing after ``stop``."""
        if self._stopped.is_set():
            return
        error: Exception | None = None
        try:
            for item in self._produce(key):
                if not self._put(key, item):
                    return
        except Exception as raised:  # noqa: BLE001 - passed on to the consumer
            error = raised
        self._put(key, Finished(error))

    def until_next_end(self) -> Iterator[tuple[K, V | Finished]]:
        """Yield items up to and including the next end of a key."""
        while True:
            key, item = self._next()
            yield key, item
            if isinstance(item, Finished):
                return

    def stop(self) -> None:
        """Release every worker, whether it is blocked or working."""
        self._stopped.set()

    def _next(self) -> tuple[K, V | Finished]:
        timeout = IDLE_AFTER_SECONDS
        while True:
            try:
                return self._items.get(timeout=timeout)
            except queue.Empty:
                self._when_idle()
                timeout = IDLE_EVERY_SECONDS

    def _put(self, key: K, item: V | Finished) -> bool:
        while not self._stopped.is_set():
            try:
                self._items.put((key, item), timeout=0.2)
            except queue.Full:
                continue
            return True
        return False
