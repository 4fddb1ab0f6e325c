"""How the state is asked in the name of somebody who waits for an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Answer = TypeVar("Answer")


class Ask(Protocol):
    """A way to query the state; raises StateUnavailable or another IngestError."""

    def __call__(self, question: Callable[[], Answer], /) -> Answer:
        """Return the answer."""
        ...


def ask_directly(question: Callable[[], Answer], /) -> Answer:
    """Ask, and wait for as long as it takes."""
    return question()
