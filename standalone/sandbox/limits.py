"""Enforce GitHub's limits: an hourly budget per token, and the secondary limits.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .answers import Answer, error_answer
from .settings import Limits
from .times import HOUR, MINUTE, UnixSeconds

_DOCS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api"
_SUPPORT = (
    "If you reach out to GitHub Support for help, please include the request ID and the time."
)


@dataclass(slots=True)
class Budget:
    """One token's budget for one resource, such as `core`, in the current hour."""

    resource: str
    limit: int
    resets_at: UnixSeconds
    used: int = 0
    zero_reported_at: float | None = None

    @property
    def remaining(self) -> int:
        """Return how much is left."""
        return max(0, self.limit - self.used)


@dataclass(slots=True)
class _TokenUse:
    """What a token has used of its limits, and how it is blocked."""

    budgets: dict[str, Budget] = field(default_factory=dict)
    points: dict[str, deque[tuple[UnixSeconds, int]]] = field(default_factory=dict)
    in_flight: int = 0
    blocked_until: UnixSeconds = 0.0
    block_reported_at: float = 0.0
    block_status: int = 403
    block_retry_after: bool = True


class Limiter:
    """The rate limits of all tokens, by the ``key`` of each one's Identity."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._uses: dict[str, _TokenUse] = {}
        self._lock = threading.RLock()

    def budget(self, key: str, resource: str, limit: int, now: UnixSeconds) -> Budget:
        """Return a token's budget; when its hour is over, begin a new one."""
        with self._lock:
            use = self._use_of(key)
            budget = use.budgets.get(resource)
            if budget is None or now >= budget.resets_at:
                budget = Budget(resource, limit, now + HOUR)
                use.budgets[resource] = budget
            return budget

    def take(self, budget: Budget, cost: int) -> bool:
        """Charge a budget and return True, or return False if nothing is left."""
        with self._lock:
            if budget.remaining <= 0:
                return False
            budget.used += cost
            return True

    def settle(self, budget: Budget, taken: int, cost: int) -> None:
        """Charge `cost` instead of `taken`, and note when an answer first reports 0 remaining."""
        with self._lock:
            budget.used += cost - taken
            if budget.remaining > 0:
                budget.zero_reported_at = None
            elif budget.zero_reported_at is None:
                budget.zero_reported_at = time.monotonic()

    def has_reported_zero(self, budget: Budget) -> bool:
        """Return whether an answer reported 0 remaining at least `grace` real seconds ago."""
        reported = budget.zero_reported_at
        return reported is not None and time.monotonic() - reported >= self.limits.grace

    def primary_refusal(self, budget: Budget, now: UnixSeconds, login: str) -> Answer:
        """Return the refusal of a request beyond the primary limit."""
        wait = str(max(1, math.ceil(budget.resets_at - now)))
        headers = (("Retry-After", wait),) if self.limits.retry_after else ()
        message = f"API rate limit exceeded for {login}. {_SUPPORT}"
        return error_answer(self.limits.status, message, headers=headers, docs=_DOCS, cost=0)

    def block_refusal(self, key: str, now: UnixSeconds) -> tuple[Answer, bool] | None:
        """Return the refusal if the token is blocked, and whether the request is a violation.

        It is one if the block was reported at least `grace` real seconds ago.
        """
        with self._lock:
            use = self._use_of(key)
            if now >= use.blocked_until:
                return None
            is_violation = time.monotonic() - use.block_reported_at >= self.limits.grace
            return self._secondary_refusal(use, now), is_violation

    def block(
        self, key: str, now: UnixSeconds, *, seconds: float, status: int, retry_after: bool
    ) -> Answer:
        """Block a token for a while, as a secondary limit does, and return the refusal."""
        with self._lock:
            use = self._use_of(key)
            use.blocked_until = now + seconds
            use.block_reported_at = time.monotonic()
            use.block_status = status
            use.block_retry_after = retry_after
            return self._secondary_refusal(use, now)

    def count_points(self, key: str, endpoint: str, points: int, now: UnixSeconds) -> Answer | None:
        """Count an endpoint's points of the last minute; return a refusal if they are too many."""
        maximum = self.limits.points_per_minute
        if endpoint == "graphql":
            maximum = self.limits.graphql_points_per_minute
        if maximum <= 0:
            return None
        with self._lock:
            spent = self._use_of(key).points.setdefault(endpoint, deque())
            while spent and spent[0][0] <= now - MINUTE:
                spent.popleft()
            # a request costs at most 5 points, so the sum of a few cannot exceed the maximum
            if len(spent) * 5 >= maximum and sum(cost for _, cost in spent) + points > maximum:
                return self._apply_secondary_limit(key, now)
            spent.append((now, points))
            return None

    @contextmanager
    def in_flight(self, key: str, now: UnixSeconds) -> Iterator[Answer | None]:
        """Count a request while it is answered; yield a refusal if too many are answered now."""
        with self._lock:
            use = self._use_of(key)
            use.in_flight += 1
            maximum = self.limits.concurrent
            refusal = self._apply_secondary_limit(key, now) if 0 < maximum < use.in_flight else None
        try:
            yield refusal
        finally:
            with self._lock:
                use.in_flight -= 1

    def _apply_secondary_limit(self, key: str, now: UnixSeconds) -> Answer:
        return self.block(key, now, seconds=MINUTE, status=403, retry_after=True)

    def _secondary_refusal(self, use: _TokenUse, now: UnixSeconds) -> Answer:
        wait = str(max(1, math.ceil(use.blocked_until - now)))
        headers = (("Retry-After", wait),) if use.block_retry_after else ()
        message = (
            "You have exceeded a secondary rate limit. Please wait a few minutes before you "
            f"try again. {_SUPPORT}"
        )
        docs = f"{_DOCS}#about-secondary-rate-limits"
        return error_answer(use.block_status, message, headers=headers, docs=docs, cost=0)

    def _use_of(self, key: str) -> _TokenUse:
        return self._uses.setdefault(key, _TokenUse())
