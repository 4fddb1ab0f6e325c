"""A time limit for a call whose answer may never come, such as one of a third party for a page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ..errors import SourceUnavailable

_Value = TypeVar("_Value")


def call_with_timeout(
    seconds: float,
    who: str,
    function: Callable[[], _Value],
    *,
    error: type[Exception] = SourceUnavailable,
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
