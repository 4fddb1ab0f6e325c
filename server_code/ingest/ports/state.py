"""What the collector needs of its state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ..domain.code_metrics import CommitMetrics
from ..domain.ledger import (
    ActivityRecord,
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    LedgerCounts,
    MessageCounts,
    RepositoryRecord,
)
from ..domain.runs import AttemptKey
from ..domain.summaries import RunSummary


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

    def find_attempts(self, run_id: int) -> list[AttemptKey]:
        """Find the known attempts of a run whose repository is not known, in order."""

    def load_due_attempts(
        self, repository: str, *, now: datetime, limit: int, newest_first: bool = False
    ) -> list[AttemptRecord]:
        """Load unsettled attempts that are due, oldest created first by default."""

    def load_next_check_at(self, repository: str) -> datetime | None:
        """Return when the next unsettled attempt is due."""

    def save_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Insert or replace attempts, all or none."""

    def remove_settled_attempts(self, *, created_before: datetime, limit: int) -> int:
        """Forget up to ``limit`` settled attempts created before, oldest first; return how many.

        Their logs' states and their commits' metrics go with them.
        """

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

    def save_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Remember until when credentials must not ask GitHub; a longer pause is kept."""

    def load_pauses(self, *, now: datetime) -> dict[str, datetime]:
        """Load the pauses that are not over."""

    def claim_once(self, key: str, *, now: datetime) -> bool:
        """Claim a key; False if it was claimed before. Kept for 4 days."""

    def claim_run_hint(
        self, keys: Sequence[str], repository: str, run_id: int, *, now: datetime
    ) -> str | None:
        """Claim keys, save a run hint and make the repository due: all or nothing.

        Returns the first key that was claimed before, and then changes nothing.
        """


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

    def save_run_summaries(self, summaries: Sequence[RunSummary]) -> None:
        """Keep runs in one line each, later ones in place of earlier; MOST_RUN_SUMMARIES stay."""

    def load_run_summaries(self) -> list[RunSummary]:
        """Load all that are kept, newest created first."""

    def save_agent(self, record: AgentRecord) -> None:
        """Keep an agent's newest sign of life, by name and holder; signs older than a day go."""

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and holder."""

    def save_desired_state(self, name: str, desired_state: str) -> None:
        """Remember what people want of an agent: WISH_RUNNING or WISH_PAUSED."""

    def load_desired_states(self) -> dict[str, str]:
        """Load the wishes by agent; one that nobody spoke of is not among them."""

    def add_counts(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Add to the totals and to this moment's span of traffic, all or none."""

    def load_message_counts(self) -> MessageCounts:
        """Load all totals, and the spans of the last TRAFFIC_KEPT."""

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MOST_ERRORS at most."""

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""

    def remove_errors(self, *, agent: str, repository: str | None, what: str) -> int:
        """Forget every error that says the same of the same; return how many they were."""

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MOST_ACTIVITIES at most."""

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""


class StateStore(RepositoryStore, LedgerStore, LogStateStore, ViewStore, Protocol):
    """Keep all state of the collector. Any method may raise StateUnavailable.

    Safe to use from many threads and processes at once.
    """

    def close(self) -> None:
        """Close all connections."""
