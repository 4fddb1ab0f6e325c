"""A time limit for what a page asks of a third party: a call of Anvil ends after 30 seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ..errors import SourceUnavailable

_Value = TypeVar("_Value")


def within(seconds: float, what: str, function: Callable[[], _Value]) -> _Value:
    """Return what a function returns. Raises SourceUnavailable after the time limit.

    The function must not use the state: Anvil's tables answer the calling thread only. Late, it
    goes on in its own thread until its own time limits end it.
    """
    answers: list[_Value] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(function())
        except BaseException as error:  # noqa: BLE001 - it is raised in the calling thread
            errors.append(error)

    thread = threading.Thread(target=run, name=f"within-{what}", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise SourceUnavailable(f"{what} did not answer within {seconds:g} seconds.")
    return answers[0]
