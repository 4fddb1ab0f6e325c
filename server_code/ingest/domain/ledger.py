"""The records that the state stores keep: repositories, attempts, logs, agents and errors.

The ledger is the records of attempts and of their logs: what was read of each, what was published
of it, and when it is due again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from operator import attrgetter

from .annotations import AnnotationList
from .codec import FLATTENED, KeepsUnknownFields, stored_as
from .error_causes import Cause, cause_of
from .job_counts import RecentJobCounts
from .jobs import Job
from .repository_progress import DaySweep, ListWalk, RunLists, WebhookArrivals
from .runs import Artifact, AttemptKey, WorkflowRun

#: States of a job's log; no other state ever becomes pending again. A missing one is published as
#: unavailable, but GitHub may have it later.
LOG_PENDING = "pending"
LOG_MISSING = "missing"
LOG_FETCHED = "fetched"
LOG_UNAVAILABLE = "unavailable"
LOG_EXPIRED = "expired"

#: The states an operator may ask of an agent; the default is to run.
DESIRED_RUNNING = "running"
DESIRED_PAUSED = "paused"

#: How long heartbeats are kept, counted from the agent's newest one, and how long the keys are kept
#: that ``claim_once`` has claimed.
HEARTBEATS_KEPT_FOR = timedelta(days=1)
CLAIMS_KEPT_FOR = timedelta(days=4)

#: The key that ``check_writable`` claims and removes at once.
WRITE_CHECK_KEY = "write check"

#: How many of each are kept for people; the oldest go first.
MAX_RUN_SUMMARIES = 2000
MAX_ERRORS = 500
MAX_ACTIVITIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryRecord(KeepsUnknownFields):
    """One watched repository and the progress of watching it.

    ``cursor``: all runs that were created from ``watched_since`` to here are in the ledger; None
    before the run list was read to its end. ``paused``: by a person, or by Runstream.
    ``last_polled_at``: when the last successful poll had read the run list.
    ``last_changed_at``: when one of its runs last changed. ``failed_polls``: those in a row.
    ``recent_job_counts``: how many jobs its last runs had.
    ``is_prioritized``: it was just created, and no poll of it has ended yet without a limit.
    """

    full_name: str
    added_at: datetime
    watched_since: datetime
    paused: bool = False
    next_poll_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_changed_at: datetime | None = None
    is_prioritized: bool = False
    lease_holder: str | None = None
    lease_until: datetime | None = None
    failed_polls: int = field(default=0, metadata=stored_as("failures"))
    last_error: str | None = None
    cursor: datetime | None = None
    recent_job_counts: RecentJobCounts = field(
        default_factory=dict, metadata=stored_as("job_counts")
    )
    run_lists: RunLists = field(default_factory=RunLists, metadata=FLATTENED)
    run_list_walk: ListWalk = field(default_factory=ListWalk, metadata=FLATTENED)
    sweep: DaySweep = field(default_factory=DaySweep, metadata=FLATTENED)
    webhooks: WebhookArrivals = field(default_factory=WebhookArrivals, metadata=FLATTENED)

    @property
    def is_run_list_unread(self) -> bool:
        """Return whether no poll has read the whole run list yet; a poll can end before that."""
        return self.last_polled_at is None or self.cursor is None

    def is_leased(self, now: datetime) -> bool:
        """Return whether a process holds its lease."""
        return self.lease_until is not None and self.lease_until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord(KeepsUnknownFields):
    """One attempt in the ledger.

    ``run``: its newest known version (None while only its number is known), ``jobs``: the newest
    versions of its jobs with every step ever seen. ``published_statuses``: those published, in
    order; ``fingerprint`` identifies the end that was published last; ``published_jobs``: by job
    id, the state in which the job was published last. ``next_check_at``: when it is due to be read
    again; None once it is ``settled``: it has ended with all its jobs, and that is published.
    ``has_all_jobs``: every job of the ended attempt was read. The validators are ETags.
    ``annotations`` are those of an attempt that failed to start. ``environments`` are those that a
    waiting run waits for. ``limited_reads``: how often a limit kept such details from being read.
    ``is_filtered_out``: a filter leaves it out, so that it is neither read nor published.
    ``incomplete_job_reads``: how often in a row its list of jobs was empty, shorter than GitHub's
    count, or had an end without a conclusion; ``open_job_reads``: how often in a row it held open
    jobs, though the attempt has ended. ``jobs_read_at``: when that list was last read, or the run
    started. ``has_delivered_jobs``: some of its jobs are as webhooks delivered them, and were not
    read since. ``failed_reads``: those in a row; ``last_error``: why the last one failed.
    """

    key: AttemptKey
    created_at: datetime
    run: WorkflowRun | None = None
    jobs: tuple[Job, ...] = ()
    published_jobs: Mapping[str, str] = field(default_factory=dict)
    published_statuses: tuple[str, ...] = ()
    fingerprint: str | None = None
    settled: bool = False
    next_check_at: datetime | None = None
    run_validator: str | None = None
    jobs_validator: str | None = None
    has_all_jobs: bool = False
    annotations: AnnotationList | None = None
    artifacts: tuple[Artifact, ...] | None = None
    environments: tuple[str, ...] | None = None
    limited_reads: int = 0
    incomplete_job_reads: int = field(default=0, metadata=stored_as("doubtful_reads"))
    open_job_reads: int = field(default=0, metadata=stored_as("open_reads"))
    jobs_read_at: datetime | None = None
    has_delivered_jobs: bool = field(default=False, metadata=stored_as("has_deliveries"))
    failed_reads: int = field(default=0, metadata=stored_as("failures"))
    is_filtered_out: bool = field(default=False, metadata=stored_as("is_filtered"))
    last_error: str | None = field(default=None, metadata=stored_as("reason"))

    @property
    def is_run_completed(self) -> bool:
        """Return whether GitHub has shown the attempt as completed, whatever its jobs show."""
        return self.run is not None and self.run.is_completed

    @property
    def was_never_read(self) -> bool:
        """Return whether only the attempt's number is known: nothing was read or published."""
        return self.run is None and not self.published_statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredEvent(KeepsUnknownFields):
    """A run or a job as a webhook delivered it, until a poll has processed it."""

    delivery_id: str
    received_at: datetime
    run: WorkflowRun | None = None
    job: Job | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLogRecord(KeepsUnknownFields):
    """The state of one job's log.

    ``tries``: how often it was requested without success, except where a rate limit was the cause.
    ``failed_at``: when its job failed; None if it did not, or once a process has claimed the log to
    ingest it early. ``updated_at`` changes with each try while pending or missing; since when the
    log is so, ``pending_since``, does not.
    """

    key: AttemptKey
    job_id: int
    job_name: str
    state: str
    updated_at: datetime
    tries: int = 0
    reason: str | None = None
    log_bytes: int | None = None
    log_sha256: str | None = None
    blob_bucket: str | None = None
    blob_key: str | None = None
    failed_at: datetime | None = None
    pending_since: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """Return when it became pending or missing; if not recorded, when it was last updated."""
        return self.pending_since or self.updated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord(KeepsUnknownFields):
    """The last heartbeat of an agent: the Pipeline Monitoring Agent or the Log Ingestion Agent.

    ``host``: the process that the agent runs in, or the Anvil app that runs its tasks. ``counts``
    only grow while that process lives. ``last_log_at``: when it last published a log, in this or an
    earlier process. ``unanswered_since``: by network host or queue, since when it has answered
    nothing; ``answered_at``: when it last answered.
    """

    name: str
    host: str = field(metadata=stored_as("holder"))
    state: str
    heartbeat_at: datetime
    started_at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    rate_limit: Mapping[str, int | str | None] = field(default_factory=dict)
    note: str | None = None
    last_log_at: datetime | None = None
    unanswered_since: Mapping[str, str] = field(
        default_factory=dict, metadata=stored_as("unanswered")
    )
    answered_at: Mapping[str, str] = field(default_factory=dict, metadata=stored_as("answered"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRecord:
    """One error, and what a person can do about it."""

    occurred_at: datetime
    agent: str
    repository: str | None
    message: str = field(metadata=stored_as("what"))
    remedy: str

    @property
    def cause(self) -> Cause:
        """Return what errors with the same cause have in common."""
        return cause_of(self.agent, self.repository, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRecord:
    """One action of a person, or of Runstream itself, for the audit trail."""

    occurred_at: datetime
    actor: str
    repository: str | None
    action: str = field(metadata=stored_as("what"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCounts:
    """How many attempts and logs the ledger holds of one repository, or of all.

    Open attempts are those that are not settled. Unread attempts are open attempts of which nothing
    was published.
    """

    attempts: int = 0
    open_attempts: int = 0
    unread_attempts: int = 0
    logs_pending: int = 0
    logs_fetched: int = 0
    logs_unavailable: int = 0

    @property
    def collected(self) -> int:
        """Count the settled attempts, whose end is published."""
        return self.attempts - self.open_attempts

    @property
    def in_flight(self) -> int:
        """Count the attempts of which something is published, but that are not settled."""
        return max(0, self.open_attempts - self.unread_attempts)


def sum_counts(counts: Iterable[LedgerCounts]) -> LedgerCounts:
    """Add the counts of several repositories."""
    names = [field.name for field in fields(LedgerCounts)]
    sums = map(sum, zip(*map(attrgetter(*names), counts), strict=True))
    return LedgerCounts(**dict(zip(names, sums, strict=False)))


def new_repository(full_name: str, *, backfill_days: float, now: datetime) -> RepositoryRecord:
    """Make the record of a repository that is watched from now on, and due at once."""
    since = now - timedelta(days=backfill_days)
    return RepositoryRecord(
        full_name=full_name, added_at=now, watched_since=since, next_poll_at=now
    )
