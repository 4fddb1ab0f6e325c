"""Rate limits that refused a request, so that the rest of a batch is not tried against them."""

from __future__ import annotations

from collections.abc import Hashable

from ..errors import IngestError, RateLimited
from ..ports import Clock


class LimitsInForce:
    """The limits that refused requests of a batch, by scope. Safe for many threads.

    ``scope``: a repository, or what else has a limit of its own in the batch. Each batch
    begins without limits, because another credential may have become free.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[Hashable, RateLimited] = {}

    def note(self, scope: Hashable, error: IngestError | None) -> None:
        """Note why a request failed, if a limit refused it."""
        if isinstance(error, RateLimited):
            self._limits[scope] = error

    def find(self, scope: Hashable) -> RateLimited | None:
        """Return the limit that refuses requests of a scope now; None if none does."""
        limit = self._limits.get(scope)
        return limit if limit is not None and self._clock.now() < limit.retry_at else None
