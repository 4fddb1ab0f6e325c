"""Queries of the state on behalf of somebody who waits for the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Answer = TypeVar("Answer")


class StateQuery(Protocol):
    """A way to query the state; raises StateUnavailable or another IngestError."""

    def __call__(self, query: Callable[[], Answer], /) -> Answer:
        """Return the answer."""
        ...


def query_directly(query: Callable[[], Answer], /) -> Answer:
    """Query the state, and wait for as long as it takes."""
    return query()
