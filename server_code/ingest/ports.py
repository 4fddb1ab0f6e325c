"""Everything the collector needs from the world, on one page.

Each port has one adapter per vendor and one in memory; ``tests/contracts`` holds each pair to the
same behaviour. Adapters raise nothing but the errors of ``errors.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from .domain.code_metrics import CommitMetrics
from .domain.jobs import Job
from .domain.ledger import (
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    LedgerCounts,
    RepositoryRecord,
)
from .domain.runs import AttemptKey, WorkflowRun
from .messaging.envelope import QueueMessage

T = TypeVar("T")


class Clock(Protocol):
    """Tell the time and wait; the only place where anything sleeps."""

    def now(self) -> datetime:
        """Tell the time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait; returns early when the process is asked to stop."""


# --- GitHub ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """Be GitHub's answer: ``value`` is None where nothing changed since ``validator``.

    Hand ``validator`` in with the next question of the same kind; it is opaque, and bound to the
    token that asked.
    """

    value: T | None
    validator: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Ask for one page (from 1) of a repository's runs, newest created first.

    ``status`` and ``created`` (GitHub's search syntax, ``A..B``) are hints: GitHub serves filtered
    lists from an index that lags, and stops them at 1,000 runs.
    """

    page: int = 1
    status: str | None = None
    created: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Be one page of runs; ``total_count`` is GitHub's count over all pages."""

    runs: tuple[WorkflowRun, ...]
    total_count: int
    has_next: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """Be an attempt's jobs; not ``is_complete`` where GitHub promised more than it gave."""

    jobs: tuple[Job, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFacts:
    """Be what a token can see of a repository."""

    full_name: str
    is_private: bool
    is_archived: bool
    html_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Be the requests left to one token, summed over tokens where there are several."""

    limit: int | None
    remaining: int | None
    reset_at: datetime | None


class ActionsSource(Protocol):
    """Read GitHub Actions.

    Any method may raise RateLimited, SourceUnavailable, BadCredentials, AccessDenied, NotFound or
    MalformedPayload; none of them sleeps.
    """

    def fetch_runs(
        self, repository: str, query: RunQuery, validator: str | None = None
    ) -> Answer[RunPage]:
        """Fetch one page of runs."""

    def fetch_run(
        self, repository: str, run_id: int, validator: str | None = None
    ) -> Answer[WorkflowRun]:
        """Fetch a run's newest attempt."""

    def fetch_attempt(self, key: AttemptKey, validator: str | None = None) -> Answer[WorkflowRun]:
        """Fetch one attempt, newest or not."""

    def fetch_jobs(self, key: AttemptKey, validator: str | None = None) -> Answer[JobList]:
        """Fetch all pages of an attempt's jobs."""

    def fetch_commits(self, repository: str, shas: Collection[str]) -> Mapping[str, CommitMetrics]:
        """Fetch the metrics of commits; one that GitHub does not know comes with None fields."""

    def fetch_job_log(self, repository: str, job_id: int, into: BinaryIO) -> None:
        """Write a job's whole raw log into a seekable file, from position 0.

        Raises LogNotReady, LogExpired, or SourceUnavailable where the stream broke.
        """

    def fetch_attempt_logs(self, key: AttemptKey, into: BinaryIO) -> None:
        """Write an ended attempt's log archive (zip) into a seekable file, from position 0.

        Raises LogNotReady, LogExpired, or SourceUnavailable where the stream broke.
        """

    def fetch_repository(self, repository: str) -> RepositoryFacts:
        """Look a repository up."""

    def budget(self) -> Budget:
        """Tell what is left, as the last answers said; costs nothing."""

    def has_spare(self, repository: str) -> bool:
        """Tell whether requests may be spent on what is nice to know; costs nothing."""

    def stretch(self, repository: str) -> float:
        """Tell how many times longer polls must wait for the budget to last; 1 where it does."""

    def fetch_failed_deliveries(self, repository: str, *, since: datetime) -> set[int]:
        """Fetch the ids of runs whose webhook deliveries failed; needs the right to read hooks."""


# --- Queues and blobs --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Be one message that a batch did not take; ``is_final`` where sending it again is useless."""

    event_id: str
    code: str
    reason: str
    is_final: bool


class Publisher(Protocol):
    """Send to one queue."""

    @property
    def queue_name(self) -> str:
        """Name the queue as it was configured."""

    @property
    def max_message_bytes(self) -> int:
        """Tell the queue's own limit for a message, and for a batch, attributes included."""

    def send(self, batch: Sequence[QueueMessage]) -> tuple[Rejection, ...]:
        """Send up to 10 messages in one request; return those that were not taken.

        Raises QueueUnavailable where nothing was taken, QueueMissing, AccessDenied.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """Be one delivery of a message; ``receive_count`` starts at 1."""

    body: str
    receipt_handle: str
    receive_count: int


class WorkQueue(Publisher, Protocol):
    """Send to and receive from the queue of work."""

    def receive(self, *, max_messages: int, wait_seconds: int) -> list[ReceivedMessage]:
        """Receive up to 10 messages, waiting for the first.

        Each stays hidden from other receivers for ``visibility_timeout_seconds``.
        """

    @property
    def visibility_timeout_seconds(self) -> int:
        """Tell for how long a received message stays hidden."""

    def extend(self, message: ReceivedMessage, *, seconds: int) -> None:
        """Hide a message for ``seconds`` from now; 0 gives it back at once."""

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete messages whose work is done."""


@dataclass(frozen=True, slots=True)
class BlobReference:
    """Name a stored object."""

    bucket: str
    key: str


class BlobStore(Protocol):
    """Keep large payloads outside the queue."""

    def put(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> BlobReference:
        """Store an object from chunks in constant memory; it is there whole or not at all."""

    def open(self, reference: BlobReference) -> AbstractContextManager[Iterator[bytes]]:
        """Read an object in chunks; raises NotFound."""


# --- State -------------------------------------------------------------------------------------


class RepositoryStore(Protocol):
    """Keep the watched repositories. Names are matched without regard to case."""

    def add_repository(self, record: RepositoryRecord) -> RepositoryRecord:
        """Add a repository unless it is there; return the stored one."""

    def remove_repository(self, full_name: str) -> None:
        """Stop watching; the ledger keeps what was collected."""

    def load_repository(self, full_name: str) -> RepositoryRecord | None:
        """Load one repository."""

    def list_repositories(self) -> list[RepositoryRecord]:
        """List all, by name."""

    def set_paused(self, full_name: str, *, paused: bool) -> None:
        """Pause or resume a repository; resuming makes it due."""

    def make_due(self, full_name: str, *, now: datetime) -> bool:
        """Make a repository due at ``now``, also while it is leased; False if it is not watched."""

    def claim_repositories(
        self,
        *,
        holder: str,
        now: datetime,
        lease_seconds: int,
        limit: int,
        only: Collection[str] | None = None,
    ) -> list[RepositoryRecord]:
        """Lease up to ``limit`` due repositories atomically, the most overdue first.

        Due: not paused, ``next_poll_at`` reached, and not leased or the lease has run out (its
        holder died). Claiming clears ``next_poll_at``, so that ``make_due`` during the lease is
        kept. ``only`` restricts the choice to these names.
        """

    def save_progress(
        self, record: RepositoryRecord, *, holder: str, lease_until: datetime
    ) -> bool:
        """Save everything but pause and next poll, and renew the lease; False if it was lost."""

    def release_repository(
        self, record: RepositoryRecord, *, holder: str, next_poll_at: datetime
    ) -> bool:
        """Save as ``save_progress`` does and give the lease back; False if it was lost.

        A ``make_due`` since the claim wins over ``next_poll_at``.
        """


class LedgerStore(Protocol):
    """Keep every attempt, the hints about them, and the commits they were made of."""

    def load_attempts(
        self, repository: str, run_ids: Collection[int]
    ) -> dict[AttemptKey, AttemptRecord]:
        """Load every known attempt of these runs."""

    def load_due_attempts(
        self, repository: str, *, now: datetime, limit: int, newest_first: bool = False
    ) -> list[AttemptRecord]:
        """Load unsettled attempts whose ``look_at`` is reached, oldest created first by default."""

    def load_next_look_at(self, repository: str) -> datetime | None:
        """Tell when the next unsettled attempt wants to be looked at."""

    def save_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Insert or replace attempts, all or none."""

    def count_ledger(self, repository: str | None = None) -> LedgerCounts:
        """Count attempts and logs of one repository, or of all."""

    def save_run_hint(self, repository: str, run_id: int, *, now: datetime) -> None:
        """Remember that a run should be looked at."""

    def load_run_hints(self, repository: str) -> dict[int, datetime]:
        """Load the runs to look at, with the time of each newest hint."""

    def clear_run_hints(self, repository: str, hints: Mapping[int, datetime]) -> None:
        """Forget hints that are not newer than those given."""

    def load_commits(self, repository: str, shas: Collection[str]) -> dict[str, CommitMetrics]:
        """Load what is known of these commits."""

    def save_commits(self, repository: str, commits: Sequence[CommitMetrics]) -> None:
        """Keep commits' metrics; later ones replace earlier ones."""

    def claim_delivery(self, delivery_id: str, *, now: datetime) -> bool:
        """Take note of a webhook delivery; False if it was seen before. Kept for 4 days."""


class LogStateStore(Protocol):
    """Keep the state of every job's log."""

    def save_job_logs(self, records: Sequence[JobLogRecord]) -> None:
        """Insert or replace; a log that has ended (not pending) never becomes pending again."""

    def load_job_logs(self, key: AttemptKey) -> dict[int, JobLogRecord]:
        """Load the logs of one attempt by job id."""

    def load_pending_logs(
        self, repositories: Collection[str] | None, *, updated_before: datetime, limit: int
    ) -> list[JobLogRecord]:
        """Load logs that have been pending since before a moment, oldest first."""


class ViewStore(Protocol):
    """Keep what people look at; bounded, the oldest go first."""

    def save_recent_runs(
        self, runs: Sequence[tuple[AttemptKey, datetime, Mapping[str, Any]]]
    ) -> None:
        """Keep runs' newest message data, with the time the run was created; 2,000 at most."""

    def load_recent_runs(
        self, *, limit: int, offset: int = 0, repository: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Load message data, newest created first."""

    def save_agent(self, record: AgentRecord) -> None:
        """Keep an agent's newest sign of life, by name and holder; signs older than a day go."""

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and holder."""

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; 500 at most."""

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""


class StateStore(RepositoryStore, LedgerStore, LogStateStore, ViewStore, Protocol):
    """Keep all state of the collector. Any method may raise StateUnavailable.

    Safe to use from many threads and processes at once.
    """

    def close(self) -> None:
        """Give connections back."""
