"""What a collection that ends collects, how complete it is, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...domain.collections import LastChange
from ...errors import IngestError, RateLimited, RequestPaused
from ...wire.rate_limits import MAX_RESET_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPolicy:
    """How complete a collection is, and how long it waits.

    ``searches_all_days``: search every day for older runs that were run again.
    ``repository_tries``, ``item_tries``: the failures after which a repository, or an attempt or
    log, is left for a later collection. ``stall_timeout``: how long what fails is waited for, with
    nothing else left to do; ``longest_wait``: the same for attempts that do not fail, because
    another process may be reading them. ``job_lag``: how long jobs of a run that has just ended
    may lag behind it. ``outage``: how long a state or queue that does not respond is tried.
    ``waits_for_others``: wait for GitHub's limits and the leases of other processes.
    ``longest_limit``: a limit that lasts longer is not GitHub's, and is not waited for.
    ``collects_runs``, ``collects_logs``: what is False is left to another process.
    """

    searches_all_days: bool
    repository_tries: int
    item_tries: int = 6
    stall_timeout: timedelta
    longest_wait: timedelta
    job_lag: timedelta
    outage: timedelta
    waits_for_others: bool
    longest_limit: timedelta = MAX_RESET_TIME
    collects_runs: bool = True
    collects_logs: bool = True

    def is_endless(self, error: IngestError, now: datetime) -> bool:
        """Return whether GitHub asks to wait longer than a collection that ends does."""
        if isinstance(error, RateLimited):
            return error.retry_at - now > self.longest_limit
        return isinstance(error, RequestPaused) and error.retry_at - now > self.stall_timeout


#: The policy of a collection that nothing follows.
COMPLETE = CollectionPolicy(
    searches_all_days=True,
    repository_tries=6,
    stall_timeout=timedelta(minutes=2),
    longest_wait=timedelta(minutes=20),
    job_lag=timedelta(minutes=2),
    outage=timedelta(minutes=1),
    waits_for_others=True,
)

#: The policy of a collection next to running agents, which collect what it leaves.
QUICK = CollectionPolicy(
    searches_all_days=False,
    repository_tries=1,
    stall_timeout=timedelta(seconds=20),
    longest_wait=timedelta(seconds=20),
    job_lag=timedelta(0),
    outage=timedelta(0),
    waits_for_others=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPlan:
    """What one process collects.

    ``log_names``: the repositories whose logs are waited for, where they are more than ``names``.
    ``ends_at``: a deadline. ``on_turn`` is called by each thread that works, before each of its
    turns. The last changes are those of an earlier round.
    """

    names: Sequence[str]
    policy: CollectionPolicy
    log_names: Sequence[str] | None = None
    should_continue: Callable[[], bool] = lambda: True
    ends_at: datetime | None = None
    on_turn: Callable[[], None] = lambda: None
    last_run_change: LastChange | None = None
    last_log_change: LastChange | None = None
