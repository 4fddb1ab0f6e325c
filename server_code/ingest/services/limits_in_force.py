"""Limits that refused something, so that nothing else is tried against them one by one."""

from __future__ import annotations

from collections.abc import Hashable

from ..errors import IngestError, RateLimited
from ..ports import Clock


class LimitsInForce:
    """The last limit of each kind of request that a group of work has met.

    Safe for many threads. It is kept no longer than its group: meanwhile another credential may
    have become free.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[Hashable, RateLimited] = {}

    def note(self, kind: Hashable, error: IngestError | None) -> None:
        """Note why a request of a kind failed: only a limit is kept."""
        if isinstance(error, RateLimited):
            self._limits[kind] = error

    def find(self, kind: Hashable) -> RateLimited | None:
        """Return the limit that lasts and refused a request of a kind; None where none does."""
        limit = self._limits.get(kind)
        return limit if limit is not None and self._clock.now() < limit.retry_at else None
