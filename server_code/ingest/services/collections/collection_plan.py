"""What a collection collects, how complete it is, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...domain.collection_records import LastChange
from ...errors import IngestError, RateLimited, RequestPaused
from ...wire.rate_limits import MAX_RESET_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPolicy:
    """How complete a collection is, and how long it waits.

    ``searches_all_days``: search every day for older runs that were run again.
    ``repository_tries``, ``item_tries``: after how many failures a repository, or an attempt or
    log, is left for a later collection. ``stall_timeout``: how long to wait, with nothing else left
    to do, for items that fail; ``stall_timeout_without_failures``: the same for attempts that have
    not failed, which another process may be reading, and for a repository that stays rate-limited.
    ``job_lag``: how long the jobs of a run that has just ended may lag behind it.
    ``outage_timeout``: how long to retry a state or queue that does not respond.
    ``waits_for_limits``: wait for GitHub's limits, and for the leases of other processes; a limit
    of more than MAX_RESET_TIME, which GitHub itself never sets, is not waited for.
    ``collects_runs``, ``collects_logs``: False if another process collects them.
    """

    searches_all_days: bool
    repository_tries: int
    item_tries: int = 6
    stall_timeout: timedelta
    stall_timeout_without_failures: timedelta
    job_lag: timedelta
    outage_timeout: timedelta
    waits_for_limits: bool
    collects_runs: bool = True
    collects_logs: bool = True

    def is_pause_too_long(self, error: IngestError, now: datetime) -> bool:
        """Return whether GitHub requests a longer pause than a collection waits for."""
        if isinstance(error, RateLimited):
            return error.retry_at - now > MAX_RESET_TIME
        return isinstance(error, RequestPaused) and error.retry_at - now > self.stall_timeout


#: The policy of ``collect --once``, after which nothing collects the rest.
COMPLETE_COLLECTION = CollectionPolicy(
    searches_all_days=True,
    repository_tries=6,
    stall_timeout=timedelta(minutes=2),
    stall_timeout_without_failures=timedelta(minutes=20),
    job_lag=timedelta(minutes=2),
    outage_timeout=timedelta(minutes=1),
    waits_for_limits=True,
)

#: The policy of "Collect now": the running agents collect the rest.
QUICK_COLLECTION = CollectionPolicy(
    searches_all_days=False,
    repository_tries=1,
    stall_timeout=timedelta(seconds=20),
    stall_timeout_without_failures=timedelta(seconds=20),
    job_lag=timedelta(0),
    outage_timeout=timedelta(0),
    waits_for_limits=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPlan:
    """What one process collects.

    ``repositories`` are names. ``log_repositories``: those whose logs are waited for, if not the
    same. ``ends_at``: a deadline. ``on_turn`` is called by each working thread before each of its
    turns. The last changes are those that an earlier process of the same collection observed.
    """

    repositories: Sequence[str]
    policy: CollectionPolicy
    log_repositories: Sequence[str] | None = None
    should_continue: Callable[[], bool] = lambda: True
    ends_at: datetime | None = None
    on_turn: Callable[[], None] = lambda: None
    last_run_change: LastChange | None = None
    last_log_change: LastChange | None = None
