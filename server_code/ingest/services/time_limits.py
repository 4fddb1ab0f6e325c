"""Waiting: until a time, or for another thread, with a time limit or with calls meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import datetime, timedelta
from typing import TypeVar

from ..domain.due import is_still_ahead
from ..errors import GithubUnavailable
from ..ports import Clock

_Value = TypeVar("_Value")

#: How often a thread with nothing to do checks whether there is something.
IDLE_SECONDS = 0.5

#: How often ``while_waiting`` is called.
WAIT_SECONDS = 1.0


def await_result(future: Future[_Value], while_waiting: Callable[[], object]) -> _Value:
    """Return a future's result, or raise its error; call ``while_waiting`` until then."""
    # ``wait`` takes a future that the closing of a collector has cancelled for a running one.
    while not future.done() and wait([future], timeout=WAIT_SECONDS).not_done:
        while_waiting()
    return future.result()


def sleep_until(moment: datetime, clock: Clock, should_continue: Callable[[], bool]) -> None:
    """Sleep until a time, but no longer if the clock is set back meanwhile."""
    pause = moment - clock.now() + timedelta(seconds=IDLE_SECONDS)
    while should_continue() and is_still_ahead(moment, clock.now(), max_plausible=pause):
        clock.sleep(IDLE_SECONDS)


def call_with_timeout(
    seconds: float,
    who: str,
    function: Callable[[], _Value],
    *,
    error: type[Exception] = GithubUnavailable,
) -> _Value:
    """Return what a function returns, or raise what it raises, or ``error`` after the time limit.

    The error says that ``who`` did not answer. The function runs in another thread, so it must not
    use Anvil's tables. After the time limit it continues there until its own time limits end it.
    """
    future: Future[_Value] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as raised:  # noqa: BLE001 - it is raised in the calling thread
            future.set_exception(raised)

    threading.Thread(target=run, name=f"call {who}", daemon=True).start()
    if wait([future], timeout=seconds).not_done:
        raise error(f"{who} did not answer within {seconds:g} seconds.")
    return future.result()
