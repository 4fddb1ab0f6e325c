"""Run reads on worker threads and hand over their results while others are still running."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar

from ...ports import Clock

T = TypeVar("T")
R = TypeVar("R")

#: Results wait no longer than this for others, so that slow reads delay no finished one.
GROUP_INTERVAL = timedelta(seconds=2)

#: How often ``should_continue`` is asked while no result arrives.
_WAKE_SECONDS = 1.0


def read_in_groups(
    workers: Executor,
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
    arrived: SimpleQueue[Future[R]] = SimpleQueue()
    futures = [workers.submit(read, item) for item in items]
    places = {future: place for place, future in enumerate(futures)}
    for future in futures:
        future.add_done_callback(arrived.put)
    group: list[Future[R]] = []
    running, since = len(futures), clock.now()
    try:
        while running:
            try:
                future = arrived.get(timeout=_WAKE_SECONDS)
            except Empty:
                _cancel_unless(should_continue, futures)
            else:
                running -= 1
                group += [] if future.cancelled() else [future]
            if group and (not running or clock.now() - since >= GROUP_INTERVAL):
                yield [done.result() for done in sorted(group, key=places.__getitem__)]
                group, since = [], clock.now()
                _cancel_unless(should_continue, futures)
    finally:
        for future in futures:
            future.cancel()


def _cancel_unless(should_continue: Callable[[], bool], futures: Sequence[Future[R]]) -> None:
    if not should_continue():
        for future in futures:
            future.cancel()
