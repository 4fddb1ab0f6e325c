"""Run reads on worker threads and hand over their results while others are still running."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import timedelta
from typing import Generic, TypeVar

from ...domain.due import is_interval_over
from ...ports import Clock

T = TypeVar("T")
R = TypeVar("R")

#: A result waits for others no longer than this, so that slow reads do not delay it.
GROUP_INTERVAL = timedelta(seconds=2)

#: How often ``should_continue`` is called while no result arrives.
_WAKE_SECONDS = 1.0


def read_in_groups(
    executor: Executor,
    items: Sequence[T],
    read: Callable[[T], R],
    *,
    clock: Clock,
    should_continue: Callable[[], bool],
) -> Iterator[list[R]]:
    """Yield the results of ``read`` in groups as they arrive, each group in the items' order.

    Once ``should_continue`` returns False no further read begins, and the results of those that
    run are still yielded. Reads begin in the items' order. ``read`` must not raise.
    """
    arrivals: _Arrivals[R] = _Arrivals(len(items))
    futures = [executor.submit(read, item) for item in items]
    places = {future: place for place, future in enumerate(futures)}
    for future in futures:
        future.add_done_callback(arrivals.add)
    since = clock.now()
    try:
        while True:
            are_all_done = arrivals.wait(_WAKE_SECONDS)
            if are_all_done or is_interval_over(since, GROUP_INTERVAL, clock.now()):
                group = [future for future in arrivals.take() if not future.cancelled()]
                if group:
                    yield [done.result() for done in sorted(group, key=places.__getitem__)]
                    since = clock.now()
            if not should_continue():
                for future in futures:
                    future.cancel()
            if are_all_done:
                return
    finally:
        for future in futures:
            future.cancel()


class _Arrivals(Generic[R]):
    """The futures that are done. A waiting thread is woken only when all are done."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()
        self._done: list[Future[R]] = []
        self._all_done = threading.Event()
        if count == 0:
            self._all_done.set()

    def add(self, future: Future[R]) -> None:
        """Add a future that is done."""
        with self._lock:
            self._done.append(future)
            self._left -= 1
            if self._left == 0:
                self._all_done.set()

    def wait(self, seconds: float) -> bool:
        """Wait until all are done, for at most ``seconds``; return whether they are."""
        return self._all_done.wait(seconds)

    def take(self) -> list[Future[R]]:
        """Return those that are done since the last time."""
        with self._lock:
            done, self._done = self._done, []
        return done
