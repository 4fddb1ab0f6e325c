"""Waits for answers that may come late or never, with a time limit or with something to call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from ..errors import GithubUnavailable

_Value = TypeVar("_Value")

#: How often a waiting thread calls what it was given.
WAIT_SECONDS = 1.0


def await_result(future: Future[_Value], while_waiting: Callable[[], object]) -> _Value:
    """Return a future's result, or raise its error; calls ``while_waiting`` until then."""
    await_end(future, while_waiting)
    return future.result()


def await_end(future: Future[_Value], while_waiting: Callable[[], object]) -> None:
    """Wait until a future has ended; calls ``while_waiting`` every second until then."""
    while wait([future], timeout=WAIT_SECONDS).not_done:
        while_waiting()


def call_with_timeout(
    seconds: float,
    who: str,
    function: Callable[[], _Value],
    *,
    error: type[Exception] = GithubUnavailable,
) -> _Value:
    """Return what a function returns, or raise what it raises; ``error`` after the time limit.

    ``who`` does not answer then. In an Anvil server module the function must not use the state:
    Data Tables answer the calling thread only. Late, it goes on in its own thread until its own
    time limits end it.
    """
    answers: list[_Value] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(function())
        except BaseException as raised:  # noqa: BLE001 - it is raised in the calling thread
            errors.append(raised)

    thread = threading.Thread(target=run, name=f"call {who}", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise error(f"{who} did not answer within {seconds:g} seconds.")
    return answers[0]
