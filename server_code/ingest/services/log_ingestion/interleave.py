"""Run generators on worker threads and consume their items on the calling thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

#: Items buffered at most; workers block while the buffer is full.
MAX_BUFFERED = 16

#: How long the consumer waits for an item before the first call of ``when_idle``, then the next.
IDLE_AFTER_SECONDS = 0.02
IDLE_EVERY_SECONDS = 1.0


class Finished:
    """The end of one generator; ``error`` is the exception that ended it, if any.

    ``is_cut_short``: the work was stopped before the generator began, or after one of its items.
    """

    def __init__(self, error: Exception | None = None, *, is_cut_short: bool = False) -> None:
        self.error = error
        self.is_cut_short = is_cut_short


def interleave(
    executor: Executor,
    keys: Sequence[K],
    produce: Callable[[K], Iterator[V]],
    *,
    should_continue: Callable[[], bool] = lambda: True,
    when_idle: Callable[[], object] = lambda: None,
) -> Generator[tuple[K, V | Finished]]:
    """Yield the items of every key, in order per key; ``Finished`` is each key's last item.

    ``when_idle`` is called on the calling thread when it waits for an item, and then every second;
    ``should_continue`` at the same times and after each item. Once it returns False, the keys that
    no worker has begun with end at once, and each other one after the item that is being produced.
    A shutdown that cancels futures ends their keys, too. When the iterator is closed, the
    generators stop at their next item. What is no Exception and ends a worker, such as SystemExit,
    is raised here.
    """
    buffer: _ItemBuffer[K, V] = _ItemBuffer(produce)
    futures: list[Future[None]] = []
    left = len(keys)
    try:
        for key in keys:
            futures.append(executor.submit(buffer.fill, key))
            futures[-1].add_done_callback(partial(buffer.end_if_cancelled, key))
        while left:
            entry = buffer.next()
            if entry is None:
                when_idle()
            else:
                left -= isinstance(entry[1], Finished)
                yield entry
            if not should_continue() and not buffer.is_ending.is_set():
                buffer.is_ending.set()
                for future in futures:
                    future.cancel()
    finally:
        buffer.is_stopped.set()
        for future in futures:
            if not future.cancel():
                future.result()


class _ItemBuffer(Generic[K, V]):
    """A bounded buffer between many worker threads and one consumer.

    Once ``is_ending`` is set, each generator ends after the item that it produces. Once
    ``is_stopped`` is set, every worker is released, whether it is blocked or working.
    """

    def __init__(self, produce: Callable[[K], Iterator[V]]) -> None:
        self.is_ending = threading.Event()
        self.is_stopped = threading.Event()
        self._produce = produce
        self._items: queue.SimpleQueue[tuple[K, V | Finished] | BaseException]
        self._items = queue.SimpleQueue()
        self._room = threading.Semaphore(MAX_BUFFERED)
        self._timeout = IDLE_AFTER_SECONDS

    def fill(self, key: K) -> None:
        """Add a key's items and then its end; does nothing once the buffer is stopped."""
        if self.is_stopped.is_set():
            return
        end = Finished()
        try:
            for item in self._produce(key):
                if not self._put(key, item):
                    return
                if self.is_ending.is_set():
                    end = Finished(is_cut_short=True)
                    break
        except Exception as raised:  # noqa: BLE001 - passed on to the consumer
            end = Finished(raised)
        except BaseException as raised:  # noqa: BLE001 - raised by the consumer
            self._items.put(raised)
            return
        self._put(key, end)

    def end_if_cancelled(self, key: K, future: Future[None]) -> None:
        """Add the end of a key whose future was cancelled; who cancels it cannot wait for room."""
        if future.cancelled():
            self._items.put((key, Finished(is_cut_short=True)))

    def next(self) -> tuple[K, V | Finished] | None:
        """Return the next item, None if it does not come soon; raise what ended a worker."""
        try:
            entry = self._items.get(timeout=self._timeout)
        except queue.Empty:
            self._timeout = IDLE_EVERY_SECONDS
            return None
        if isinstance(entry, BaseException):
            raise entry
        self._room.release()
        self._timeout = IDLE_AFTER_SECONDS
        return entry

    def _put(self, key: K, item: V | Finished) -> bool:
        while not self.is_stopped.is_set():
            if self._room.acquire(timeout=0.2):
                self._items.put((key, item))
                return True
        return False
