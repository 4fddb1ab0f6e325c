"""How long it takes to read the attempts of which nothing was published yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .ledger import AgentRecord, LedgerCounts, RepositoryRecord
from .timestamps import parse_timestamp

_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBudget:
    """The requests that GitHub permits, and how many each attempt has cost so far.

    ``remaining`` is what is left of the hour that ends in ``seconds_left``.
    """

    per_hour: int
    remaining: int
    seconds_left: float
    per_attempt: float

    def seconds_for(self, attempts: int, attempt_seconds: float) -> float:
        """Return how long so many attempts take if each takes so long while requests are left."""
        missing = attempts * self.per_attempt - self.remaining
        if missing <= 0:
            return attempts * attempt_seconds
        hours, rest = divmod(missing, self.per_hour)
        of_last_hour = min(rest / self.per_attempt * attempt_seconds, _HOUR_SECONDS)
        return self.seconds_left + hours * _HOUR_SECONDS + of_last_hour


def request_budget(agents: Sequence[AgentRecord], now: datetime) -> RequestBudget | None:
    """Return the budget that the newest heartbeat reports; None if it is not known.

    Only a process that has published attempts knows what one costs.
    """
    for agent in sorted(agents, key=lambda each: each.heartbeat_at, reverse=True):
        limit, remaining = agent.rate_limit.get("limit"), agent.rate_limit.get("remaining")
        reset_at = parse_timestamp(agent.rate_limit.get("reset_at"))
        attempts = agent.counts.get("attempts", 0)
        charged = agent.counts.get("github_requests.charged", 0)
        if not isinstance(limit, int) or not isinstance(remaining, int) or reset_at is None:
            continue
        if limit and attempts and charged:
            is_over = reset_at <= now
            return RequestBudget(
                per_hour=limit,
                remaining=limit if is_over else remaining,
                seconds_left=_HOUR_SECONDS if is_over else (reset_at - now).total_seconds(),
                per_attempt=charged / attempts,
            )
    return None


def backlog_seconds(
    record: RepositoryRecord,
    counts: LedgerCounts,
    now: datetime,
    budget: RequestBudget | None = None,
) -> float | None:
    """Estimate how long the unread attempts will take, at the pace since watching began.

    It is longer where GitHub's rate limit forbids that pace. 0 where nothing is unread; None before
    anything was read, and where the clock was set back to before watching began.
    """
    read = counts.attempts - counts.unread_attempts
    if counts.unread_attempts == 0:
        return 0.0
    watched_seconds = (now - record.added_at).total_seconds()
    if read == 0 or watched_seconds < 0:
        return None
    attempt_seconds = watched_seconds / read
    seconds = counts.unread_attempts * attempt_seconds
    if budget is None:
        return seconds
    return max(seconds, budget.seconds_for(counts.unread_attempts, attempt_seconds))
