"""Run reads on worker threads and hand over their results while others are still running."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from datetime import timedelta
from typing import TypeVar

from ...domain.due import is_interval_over
from ...ports import Clock

T = TypeVar("T")
R = TypeVar("R")

#: A result waits for others no longer than this, so that slow reads do not delay it.
GROUP_INTERVAL = timedelta(seconds=2)

#: How often ``should_continue`` is called while reads are running.
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
    futures: list[Future[R]] = []
    since = clock.now()
    try:
        futures.extend(executor.submit(read, item) for item in items)
        # The closing of a collector cancels reads as well; ``wait`` takes these for running.
        while futures := [future for future in futures if not future.cancelled()]:
            # Wakes this thread when all are done, and not for each.
            done, running = wait(futures, timeout=_WAKE_SECONDS)
            if not running or is_interval_over(since, GROUP_INTERVAL, clock.now()):
                group = [future.result() for future in futures if future in done]
                futures = [future for future in futures if future in running]
                if group:
                    yield group
                    since = clock.now()
            if not should_continue():
                for future in futures:
                    future.cancel()
    finally:
        for future in futures:
            future.cancel()
