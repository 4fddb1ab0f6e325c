"""What the collector needs of a store of attempts and of the states of their logs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ..domain.commits import Commit
from ..domain.ledger import AttemptRecord, DeliveredEvent, JobLogRecord, LedgerCounts
from ..domain.runs import AttemptKey


class LedgerStore(Protocol):
    """The attempts, the runs that webhooks deliver or point at, and the metrics of commits."""

    def load_attempts(
        self, repository: str, run_ids: Collection[int]
    ) -> dict[AttemptKey, AttemptRecord]:
        """Load every known attempt of these runs."""

    def find_attempts(self, run_id: int) -> list[AttemptRecord]:
        """Load every known attempt of a run by its number alone, in any repository, in order."""

    def load_due_attempts(
        self, repository: str, *, now: datetime, limit: int, newest_first: bool = False
    ) -> list[AttemptRecord]:
        """Load unsettled attempts that are due, oldest created first by default."""

    def load_attempts_since(
        self, repository: str, created_since: datetime, *, limit: int
    ) -> list[AttemptRecord]:
        """Load attempts created at a moment or after, oldest created first."""

    def load_next_check_at(self, repository: str) -> datetime | None:
        """Return when the next unsettled attempt is due; None if all are settled."""

    def load_oldest_unpublished_created_at(self, repositories: Collection[str]) -> datetime | None:
        """Return when the oldest attempt that is unsettled and unpublished was created, if any."""

    def save_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Insert or replace attempts, all or none."""

    def remove_settled_attempts(self, *, created_before: datetime, limit: int) -> int:
        """Remove up to ``limit`` settled attempts created before, oldest first; return how many.

        The states of their logs and their commits are removed as well, all in one transaction.
        """

    def count_ledger(self, repository: str | None = None) -> LedgerCounts:
        """Count attempts and logs of one repository, or of all."""

    def count_ledger_by_repository(self) -> dict[str, LedgerCounts]:
        """Count attempts and logs of every repository, by its name in lower case."""

    def save_run_hint(self, repository: str, run_id: int, *, now: datetime) -> None:
        """Save a hint: a webhook or a person pointed at the run, so the next poll fetches it."""

    def load_run_hints(self, repository: str) -> dict[int, datetime]:
        """Load the ids of the hinted runs, each with the time of its newest hint."""

    def clear_run_hints(self, repository: str, hints: Mapping[int, datetime]) -> None:
        """Remove hints that are not newer than those given."""

    def load_commits(self, repository: str, shas: Collection[str]) -> dict[str, Commit]:
        """Load what is known of these commits."""

    def save_commits(self, repository: str, commits: Sequence[Commit]) -> None:
        """Keep commits' metrics; later ones replace earlier ones."""

    def save_delivery_once(
        self,
        claim_keys: Sequence[str],
        repository: str,
        run_id: int,
        *,
        now: datetime,
        event: DeliveredEvent | None = None,
    ) -> str | None:
        """Claim the keys of a delivery, save its event and make the repository due: all or nothing.

        ``claim_keys``: its id, and a digest of its body. Without an event a run hint is saved;
        events are kept for 4 days at most. Returns the first key that was claimed before.
        """

    def load_delivered_events(self, repository: str, *, limit: int) -> list[DeliveredEvent]:
        """Load the oldest stored events, in the order of their arrival."""

    def clear_delivered_events(self, delivery_ids: Collection[str]) -> None:
        """Remove events that were processed."""


class LogStateStore(Protocol):
    """The state of every job's log."""

    def save_job_logs(self, records: Sequence[JobLogRecord]) -> None:
        """Insert or replace; a log that has ended never becomes pending or missing again."""

    def load_job_logs(self, key: AttemptKey) -> dict[int, JobLogRecord]:
        """Load the logs of one attempt by job id."""

    def load_job_log(self, key: AttemptKey, job_id: int) -> JobLogRecord | None:
        """Load the log of one job; None if there is none."""

    def load_waiting_logs(
        self,
        state: str,
        repositories: Collection[str] | None,
        *,
        updated_before: datetime,
        or_updated_after: datetime | None = None,
        limit: int,
    ) -> list[JobLogRecord]:
        """Load pending or missing logs that were last updated before a moment, oldest first.

        Then come logs that were updated after ``or_updated_after``, which only a clock that was
        ahead can have caused. ``repositories`` is None for logs of all.
        """

    def claim_logs_of_failed_jobs(
        self, *, updated_before: datetime, limit: int
    ) -> list[JobLogRecord]:
        """Claim pending logs of failed jobs, latest failure first; no process claims them again.

        Their state stays pending. After a save with ``failed_at`` they can be claimed again.
        """
