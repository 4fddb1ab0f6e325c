"""How a request for health or metrics queries the state: directly, or with a time limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Answer = TypeVar("Answer")


class QueryRunner(Protocol):
    """A function that runs a query of the state; raises StateUnavailable or another IngestError."""

    def __call__(self, query: Callable[[], Answer], /) -> Answer:
        """Return the result of the query."""
        ...


def query_directly(query: Callable[[], Answer], /) -> Answer:
    """Run a query without a time limit."""
    return query()
