"""How many requests a minute the polls of a credential's repositories need."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

#: The part of a credential's minute that polls are planned for. The rest is left to first polls,
#: to webhooks, and to requests that are in no plan.
PLANNED_SHARE = 0.6

#: The part of the planned requests that active repositories may use before they wait longer as
#: well. So idle repositories are polled in any case.
ACTIVE_SHARE = 0.75

#: A repository that was not planned for this long is no longer polled by this process.
EXPIRES_AFTER = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPlan:
    """How many requests the polls of one repository need at their shortest interval.

    ``capacity``: how many requests its credential may send in a minute.
    """

    credential: str
    capacity: float
    requests_per_minute: float
    is_active: bool
    planned_at: datetime


class PollDemand:
    """The planned polls of all repositories, by credential. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: dict[str, PollPlan] = {}
        self._totals: dict[tuple[str, bool], float] = {}
        self._capacities: dict[str, float] = {}

    def plan(self, repository: str, plan: PollPlan) -> None:
        """Note what a repository's polls need; this replaces its earlier plan."""
        with self._lock:
            self._remove(repository)
            self._plans[repository] = plan
            self._capacities[plan.credential] = plan.capacity
            self._add(plan, plan.requests_per_minute)
            self._expire(plan.planned_at)

    def interval_factor(self, repository: str) -> float:
        """Return how many times longer the polls of a repository must wait, so that all polls fit.

        It is 1 if they fit anyway. Active repositories come first, and the others share the rest
        equally.
        """
        with self._lock:
            plan = self._plans.get(repository)
            return 1.0 if plan is None else self._factor(plan.credential, is_active=plan.is_active)

    def max_interval_factors(self) -> dict[str, float]:
        """Return for each credential the largest factor of its repositories; 1 if all polls fit."""
        longest: dict[str, float] = {}
        with self._lock:
            for (name, is_active), total in self._totals.items():
                if total > 0:
                    factor = self._factor(name, is_active=is_active)
                    longest[name] = max(longest.get(name, 1.0), factor)
        return longest

    def _factor(self, credential: str, *, is_active: bool) -> float:
        active = self._totals.get((credential, True), 0.0)
        idle = self._totals.get((credential, False), 0.0)
        planned = self._capacities[credential] * PLANNED_SHARE
        if active + idle <= planned:
            return 1.0
        active_factor = max(active / (planned * ACTIVE_SHARE), 1.0)
        if is_active:
            return active_factor
        return max(idle / (planned - active / active_factor), 1.0)

    def _add(self, plan: PollPlan, requests_per_minute: float) -> None:
        key = plan.credential, plan.is_active
        self._totals[key] = max(self._totals.get(key, 0.0) + requests_per_minute, 0.0)

    def _remove(self, repository: str) -> None:
        plan = self._plans.pop(repository, None)
        if plan is not None:
            self._add(plan, -plan.requests_per_minute)

    def _expire(self, now: datetime) -> None:
        """Remove plans that are too old; the oldest come first."""
        for repository, plan in list(islice(self._plans.items(), 2)):
            if now - plan.planned_at > EXPIRES_AFTER:
                self._remove(repository)
