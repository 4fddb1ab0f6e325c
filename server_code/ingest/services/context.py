"""Everything an agent works with, in one value."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ..domain.counters import Counters
from ..domain.due import is_interval_over, is_still_ahead
from ..domain.error_causes import cause_of
from ..domain.filters import FilterChain
from ..domain.ledger import MAX_ERRORS, ErrorRecord, RepositoryRecord
from ..domain.source_records import rejection_text
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

#: An error is reported again only after this time. Errors of several repositories count as one if
#: their owner denies access, and those of several attempts, logs or messages if their cause is one.
REPORT_AGAIN_AFTER = timedelta(hours=1)

#: How often a process checks whether refusals of GitHub were cleared by another process.
REFUSALS_CHECKED_EVERY = timedelta(seconds=15)


@dataclass(slots=True)
class DiscoveryState:
    """When this process discovers the repositories of its sources next, and what it did before.

    ``next_at``: when it checks next whether a discovery is due; None means now.
    ``has_begun_first_discovery``: that at the start of the process has begun. ``failures``: the
    discoveries that have failed in a row. ``lock`` is held by the thread that discovers; the
    others continue to poll. ``has_sources``: whether there are sources; without any, webhooks
    about repositories are ignored. ``webhooks_checked_at``: when it last looked for such
    webhooks. ``followed_webhook_at``: when the newest webhook arrived that led to a discovery.
    ``credentials_saved_at`` and ``refusals_checked_at``: when rate limits were saved, and
    refusals of other processes loaded, last.
    """

    next_at: datetime | None = None
    has_begun_first_discovery: bool = False
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    credentials_saved_at: datetime | None = None
    has_sources: bool = False
    webhooks_checked_at: datetime | None = None
    followed_webhook_at: datetime | None = None
    refusals_checked_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether to check now, also if the clock was set back since ``next_at`` was set."""
        longest = timedelta(minutes=1)
        return self.next_at is None or not is_still_ahead(self.next_at, now, max_plausible=longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorContext:
    """The ports of one collector, and what its process remembers.

    ``store`` is the state: repositories, ledger, logs, heartbeats, errors and credentials.
    ``metrics_queue`` takes the messages about runs and jobs, ``logs_queue`` those with logs, and
    ``job_events_queue`` the Log Ingestion Agent's work: ended jobs whose logs are to be fetched.
    ``executor`` and ``log_executor`` send requests to GitHub concurrently, so that no poll waits
    for large logs; they never use the store, because Anvil's tables answer a task's main thread
    only. ``while_waiting`` is called every second by a thread that waits for them. ``worker_id``
    identifies this process in leases. ``log_cache`` keeps the newest logs for pages, and ``blobs``
    those that exceed a message; None without LOG_BUCKET.
    ``cloudevents_source_root``: of messages that are CloudEvents (``Envelope``), else None.
    ``repository_api`` lists the repositories of ``sources`` (from the settings) and of the sources
    in the store.
    ``state_busy_repositories``: those whose last poll by this process ended because others
    kept the state busy (StateBusy).
    ``unreleased_leases``: claimed repositories, by name, whose leases could not be released.
    ``repositories_to_reschedule``: those whose attempts are due, because the clock was set back.
    """

    github: ActionsApi
    repository_api: RepositoryApi
    store: StateStore
    metrics_queue: Publisher
    logs_queue: Publisher
    job_events_queue: WorkQueue
    blobs: BlobStore | None
    clock: Clock
    executor: Executor
    log_executor: Executor
    counters: Counters
    settings: CollectingSettings
    worker_id: str
    log_cache: LogCache | None = None
    cloudevents_source_root: str | None = None
    sources: tuple[SourcePattern, ...] = ()
    discovery: DiscoveryState = field(default_factory=DiscoveryState)
    state_busy_repositories: set[str] = field(default_factory=set)
    unreleased_leases: dict[str, RepositoryRecord] = field(default_factory=dict)
    repositories_to_reschedule: set[str] = field(default_factory=set)
    source_filters: SourceFilters = field(default_factory=SourceFilters)
    probe: GithubProbe = field(default_factory=GithubProbe)
    poll_order: PollOrder = field(default_factory=PollOrder)
    while_waiting: Callable[[], object] = lambda: None

    def filters_of(self, repository: str) -> FilterChain:
        """Return the filters of a repository: those of the settings, then those of its source."""
        filters = self.source_filters.find(self.store, self.clock, repository)
        return FilterChain((self.settings.filters, filters))

    def probe_github_if_silent(self) -> None:
        """Request the rate limit, which is free, if GitHub has answered nothing for a while."""
        self.probe.send_when_due(self.github, self.counters, self.clock)

    def save_credential_pauses(self) -> None:
        """Save this process's rate-limit pauses for other processes and for its next start."""
        if pauses := self.github.credential_pauses():
            self.store.save_credential_pauses(pauses)

    def apply_credential_pauses(self) -> None:
        """Apply the rate-limit pauses of other processes, and of this one before a restart.

        Also allows requests again that GitHub no longer refuses to another process.
        """
        self.github.apply_credential_pauses(self.store.load_credential_pauses(now=self.clock.now()))
        self.retry_refusals_cleared_in_state()

    def retry_refusals_cleared_in_state(self, *, at_once: bool = False) -> None:
        """Allow requests again that GitHub refused, if the refusal was removed from the store.

        Another process removes it when GitHub accepts such a request, or when a person asks for
        one. Reads the store every REFUSALS_CHECKED_EVERY only, unless ``at_once``.
        """
        discovery, now = self.discovery, self.clock.now()
        is_over = is_interval_over(discovery.refusals_checked_at, REFUSALS_CHECKED_EVERY, now)
        if is_over or at_once:
            discovery.refusals_checked_at = now
            self.repository_api.retry_refusals_cleared_in_state(self.store.list_credentials)

    @property
    def queue_names(self) -> tuple[str, ...]:
        """Return the names of the queues in the settings."""
        queues = (self.metrics_queue, self.logs_queue, self.job_events_queue)
        return tuple(queue.queue_name for queue in queues)

    def save_counts(self) -> None:
        """Add what this process has counted since the last call to the totals in the store.

        Called after each publishing, so that the counts of a killed process are not lost.
        Raises StateUnavailable.
        """
        save = partial(self.store.add_to_saved_counters, now=self.clock.now())
        self.counters.save_increments(save)

    def report_error(
        self,
        agent: str,
        repository: str | None,
        message: str,
        remedy: str,
        *,
        is_logged: bool = True,
    ) -> None:
        """Save an error for the errors list, count it, and log it unless the caller does."""
        self.counters.add("errors")
        if is_logged:
            logger.warning(message, extra={"repository": repository, "remedy": remedy})
        self.store.add_error(
            ErrorRecord(
                occurred_at=self.clock.now(),
                agent=agent,
                repository=repository,
                message=message,
                remedy=remedy,
            )
        )

    def report_new_error(
        self, agent: str, repository: str | None, message: str, remedy: str
    ) -> None:
        """Report an error, unless one with the same cause was reported in REPORT_AGAIN_AFTER."""
        cause = cause_of(agent, repository, message)
        if all(each.cause != cause for each in self.list_recent_errors()):
            self.report_error(agent, repository, message, remedy)

    def list_recent_errors(self) -> list[ErrorRecord]:
        """List the errors that are not to be reported again yet."""
        now = self.clock.now()
        errors = self.store.list_errors(limit=MAX_ERRORS)
        return [each for each in errors if abs(now - each.occurred_at) < REPORT_AGAIN_AFTER]

    def report_rejected_credentials(self, agent: str) -> None:
        """Report once each credential that GitHub rejects, not for each of its requests."""
        for name, rejected in self.github.pop_rejected_credentials().items():
            self.report_error(
                agent, None, rejection_text(name, str(rejected)), rejected.remedy_or_usual
            )
