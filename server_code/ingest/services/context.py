"""Everything an agent works with, in one value."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.counters import Counters
from ..domain.due import is_interval_over, is_still_ahead
from ..domain.filters import FilterChain
from ..domain.ledger import MAX_ERRORS, ErrorRecord, RepositoryRecord
from ..domain.source_records import name_rejected
from ..domain.sources import SourcePattern
from ..ports import (
    ActionsApi,
    BlobStore,
    Clock,
    LogCache,
    Publisher,
    RepositoryApi,
    StateStore,
    WorkQueue,
)
from ..settings import CollectingSettings
from .github_probe import GithubProbe
from .poll_order import PollOrder
from .source_filters import SourceFilters

logger = logging.getLogger(__name__)

PIPELINE_MONITORING_AGENT = "Pipeline Monitoring Agent"
LOG_INGESTION_AGENT = "Log Ingestion Agent"
AGENTS = (PIPELINE_MONITORING_AGENT, LOG_INGESTION_AGENT)

#: How long what was reported is not reported again: of other repositories of an owner that denies
#: access, and of the other logs that wait for the same cause.
REPORTED_FOR = timedelta(hours=1)

#: How often a process that was refused something checks whether another one has read it.
REFUSALS_CHECKED_EVERY = timedelta(seconds=15)


@dataclass(slots=True)
class DiscoveryClock:
    """The next time at which this process checks whether discovery is due; at first, now.

    ``failures``: how many discoveries in a row have failed. ``running`` is held by the thread that
    discovers; the others go on with their polls. ``recorded_at``: when credentials were last saved.
    ``followed_hint``: the newest webhook that a discovery of this process has followed.
    """

    next_at: datetime | None = None
    has_started: bool = False
    failures: int = 0
    running: threading.Lock = field(default_factory=threading.Lock)
    recorded_at: datetime | None = None
    has_sources: bool = False
    hints_checked_at: datetime | None = None
    followed_hint: datetime | None = None
    refusals_checked_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether to check now; a clock that was set back delays nothing for long."""
        longest = timedelta(minutes=1)
        return self.next_at is None or not is_still_ahead(self.next_at, now, at_most=longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorContext:
    """The ports of one collector.

    ``workers`` and ``log_workers`` run requests to GitHub concurrently, so that large logs keep no
    poll waiting; they never touch the store, for Anvil's tables answer a task's main thread only.
    ``worker_id`` names this process in leases. ``log_cache`` keeps the newest logs for the viewer,
    where there is one. ``cloudevents_root`` is that of every envelope. ``repositories`` lists what
    the ``sources`` of the settings, and those of the state, include.
    ``busy_polls``: repositories whose last poll by this process met a busy state.
    ``unreleased``: repositories whose leases could not be given back, as they were claimed.
    ``while_waiting`` is called every second by a thread that waits for its workers.
    ``planned_ahead``: repositories with attempts that were planned before the clock was set back.
    """

    github: ActionsApi
    store: StateStore
    metrics_queue: Publisher
    logs_queue: Publisher
    job_events_queue: WorkQueue
    blobs: BlobStore | None
    clock: Clock
    workers: Executor
    log_workers: Executor
    counters: Counters
    settings: CollectingSettings
    worker_id: str
    log_cache: LogCache | None = None
    cloudevents_root: str | None = None
    repositories: RepositoryApi | None = None
    sources: tuple[SourcePattern, ...] = ()
    discovery: DiscoveryClock = field(default_factory=DiscoveryClock)
    busy_polls: set[str] = field(default_factory=set)
    unreleased: dict[str, RepositoryRecord] = field(default_factory=dict)
    planned_ahead: set[str] = field(default_factory=set)
    source_filters: SourceFilters = field(default_factory=SourceFilters)
    probe: GithubProbe = field(default_factory=GithubProbe)
    poll_order: PollOrder = field(default_factory=PollOrder)
    while_waiting: Callable[[], object] = lambda: None

    def filters_of(self, repository: str) -> FilterChain:
        """Return the filters of a repository: those of the settings, then those of its source."""
        filters = self.source_filters.find(self.store, self.clock, repository)
        return FilterChain((self.settings.filters, filters))

    def probe_github(self) -> None:
        """Ask GitHub for something free where nothing was answered for a while."""
        self.probe.send_when_due(self.github, self.counters, self.clock)

    def share_pauses(self) -> None:
        """Save this process's rate-limit pauses for other processes and for its next start."""
        if pauses := self.github.pauses():
            self.store.save_pauses(pauses)

    def apply_shared_pauses(self) -> None:
        """Apply the rate-limit pauses of other processes, and of this one before a restart.

        What others have found to be refused no longer is asked for.
        """
        self.github.apply_pauses(self.store.load_pauses(now=self.clock.now()))
        self.end_withdrawn_refusals()

    def end_withdrawn_refusals(self, *, at_once: bool = False) -> None:
        """Ask anew for what GitHub refused and the state keeps no longer; checked now and then.

        Another process has read it meanwhile, or a person asks for it.
        """
        clock, now = self.discovery, self.clock.now()
        is_soon = not is_interval_over(clock.refusals_checked_at, REFUSALS_CHECKED_EVERY, now)
        if self.repositories is None or (is_soon and not at_once):
            return
        clock.refusals_checked_at = now
        self.repositories.end_withdrawn(self.store.list_credentials)

    @property
    def queue_names(self) -> tuple[str, ...]:
        """Return the names of the queues as they were configured."""
        queues = (self.metrics_queue, self.logs_queue, self.job_events_queue)
        return tuple(queue.queue_name for queue in queues)

    def save_counts(self) -> None:
        """Add what this process has counted to the totals of the state.

        Called after each publishing, so that the counts of a killed process are not lost.
        Raises StateUnavailable.
        """
        now = self.clock.now()
        self.counters.save_increments(lambda grown: self.store.add_counts(grown, now=now))

    def report_error(
        self, agent: str, repository: str | None, what: str, remedy: str, *, is_logged: bool = True
    ) -> None:
        """Keep an error where people look for it, count it, and log it unless the caller does."""
        self.counters.add("errors")
        if is_logged:
            logger.warning(what, extra={"repository": repository, "remedy": remedy})
        self.store.add_error(
            ErrorRecord(
                occurred_at=self.clock.now(),
                agent=agent,
                repository=repository,
                what=what,
                remedy=remedy,
            )
        )

    def list_recent_errors(self) -> list[ErrorRecord]:
        """List what was reported within REPORTED_FOR."""
        now = self.clock.now()
        errors = self.store.list_errors(limit=MAX_ERRORS)
        return [each for each in errors if abs(now - each.occurred_at) < REPORTED_FOR]

    def report_rejected_credentials(self, agent: str) -> None:
        """Report each credential that GitHub rejects once, and not for each thing that needs it."""
        for name, rejected in self.github.take_rejected_credentials().items():
            self.report_error(agent, None, name_rejected(name, str(rejected)), rejected.advice)
