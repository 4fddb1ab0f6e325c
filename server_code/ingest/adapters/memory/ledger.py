"""Attempts, the hints about them, commits and webhook deliveries in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ...domain.code_metrics import CommitMetrics
from ...domain.ledger import (
    LOG_EXPIRED,
    LOG_FETCHED,
    LOG_PENDING,
    LOG_UNAVAILABLE,
    AttemptRecord,
    LedgerCounts,
)
from ...domain.runs import AttemptKey
from ...ports import LedgerStore
from .tables import Tables, attempt_id, repository_key

_DELIVERIES_KEPT = timedelta(days=4)


class MemoryLedger(LedgerStore):
    """Keep every attempt, and the open ones of each repository at hand."""

    _tables: Tables

    def load_attempts(
        self, repository: str, run_ids: Collection[int]
    ) -> dict[AttemptKey, AttemptRecord]:
        """Load every known attempt of these runs, under the key with which it was saved."""
        with self._tables.lock:
            name = repository_key(repository)
            runs = [self._tables.attempts.get((name, run_id), {}) for run_id in set(run_ids)]
            return {item.key: _copy(item) for attempts in runs for item in attempts.values()}

    def find_attempts(self, run_id: int) -> list[AttemptKey]:
        """Find the known attempts of a run whose repository is not known, in order."""
        with self._tables.lock:
            rows = self._tables.attempts.items()
            known = [kept for (_, number), kept in rows if number == run_id]
            return sorted((item.key for kept in known for item in kept.values()), key=attempt_id)

    def load_due_attempts(
        self, repository: str, *, now: datetime, limit: int, newest_first: bool = False
    ) -> list[AttemptRecord]:
        """Load unsettled attempts that are due, oldest created first by default."""
        due = [record for record in self._open(repository) if _reached(record.next_check_at, now)]
        return [
            _copy(record) for record in sorted(due, key=_age, reverse=newest_first)[: max(0, limit)]
        ]

    def load_next_check_at(self, repository: str) -> datetime | None:
        """Tell when the next unsettled attempt wants to be looked at."""
        moments = [record.next_check_at for record in self._open(repository)]
        return min((moment for moment in moments if moment is not None), default=None)

    def save_attempts(self, records: Sequence[AttemptRecord]) -> None:
        """Insert or replace attempts, all or none."""
        copies = [_copy(record) for record in records]
        with self._tables.lock:
            for record in copies:
                name, run_id, run_attempt = key = attempt_id(record.key)
                self._tables.attempts.setdefault((name, run_id), {})[run_attempt] = record
                open_ones = self._tables.open_attempts.setdefault(name, {})
                open_ones.pop(key, None)
                if not record.settled:
                    open_ones[key] = record

    def remove_settled_attempts(self, *, created_before: datetime, limit: int) -> int:
        """Forget up to ``limit`` settled attempts created before, with all that is known of them.

        The oldest go first.
        """
        with self._tables.lock:
            old = [
                record
                for attempts in self._tables.attempts.values()
                for record in attempts.values()
                if record.settled and record.created_at < created_before
            ]
            chosen = sorted(old, key=_age)[: max(0, limit)]
            for record in chosen:
                self._forget(record)
            return len(chosen)

    def count_ledger(self, repository: str | None = None) -> LedgerCounts:
        """Count attempts and logs of one repository, or of all; expired logs are unavailable."""
        open_ones, logs = self._open(repository), self._count_logs(repository)
        return LedgerCounts(
            attempts=self._count_attempts(repository),
            open_attempts=len(open_ones),
            unread_attempts=sum(not record.published_statuses for record in open_ones),
            logs_pending=logs[LOG_PENDING],
            logs_fetched=logs[LOG_FETCHED],
            logs_unavailable=logs[LOG_UNAVAILABLE] + logs[LOG_EXPIRED],
        )

    def save_run_hint(self, repository: str, run_id: int, *, now: datetime) -> None:
        """Remember that a run should be looked at; the newest hint counts."""
        with self._tables.lock:
            key = (repository_key(repository), run_id)
            self._tables.run_hints[key] = max(now, self._tables.run_hints.get(key, now))

    def load_run_hints(self, repository: str) -> dict[int, datetime]:
        """Load the runs to look at, with the time of each newest hint."""
        with self._tables.lock:
            wanted = repository_key(repository)
            hints = self._tables.run_hints.items()
            return {run_id: moment for (name, run_id), moment in hints if name == wanted}

    def clear_run_hints(self, repository: str, hints: Mapping[int, datetime]) -> None:
        """Forget hints that are not newer than those given."""
        with self._tables.lock:
            for run_id, moment in hints.items():
                key = (repository_key(repository), run_id)
                stored = self._tables.run_hints.get(key)
                if stored is not None and stored <= moment:
                    del self._tables.run_hints[key]

    def load_commits(self, repository: str, shas: Collection[str]) -> dict[str, CommitMetrics]:
        """Load what is known of these commits."""
        with self._tables.lock:
            name = repository_key(repository)
            found = {sha: self._tables.commits.get((name, sha)) for sha in shas}
            return {sha: metrics for sha, metrics in found.items() if metrics is not None}

    def save_commits(self, repository: str, commits: Sequence[CommitMetrics]) -> None:
        """Keep commits' metrics; later ones replace earlier ones."""
        with self._tables.lock:
            name = repository_key(repository)
            self._tables.commits.update({(name, item.commit_sha): item for item in commits})

    def save_pauses(self, pauses: Mapping[str, datetime]) -> None:
        """Remember until when credentials must not ask GitHub; a longer pause is kept."""
        with self._tables.lock:
            for name, until in pauses.items():
                self._tables.pauses[name] = max(until, self._tables.pauses.get(name, until))

    def load_pauses(self, *, now: datetime) -> dict[str, datetime]:
        """Load the pauses that are not over."""
        with self._tables.lock:
            return {name: until for name, until in self._tables.pauses.items() if until > now}

    def claim_delivery(self, delivery_id: str, *, now: datetime) -> bool:
        """Take note of a webhook delivery; False if it was seen within 4 days."""
        with self._tables.lock:
            kept, oldest = self._tables.deliveries, now - _DELIVERIES_KEPT
            while kept and next(iter(kept.values())) < oldest:
                del kept[next(iter(kept))]
            is_new = kept.get(delivery_id, datetime.min.replace(tzinfo=timezone.utc)) < oldest
            if is_new:
                kept[delivery_id] = now
            return is_new

    def _forget(self, record: AttemptRecord) -> None:
        name, run_id, run_attempt = key = attempt_id(record.key)
        attempts = self._tables.attempts[name, run_id]
        del attempts[run_attempt]
        if not attempts:
            del self._tables.attempts[name, run_id]
        self._tables.job_logs.pop(key, None)
        if record.run is not None and record.run.head_sha is not None:
            self._tables.commits.pop((name, record.run.head_sha), None)

    def _open(self, repository: str | None) -> list[AttemptRecord]:
        with self._tables.lock:
            wanted = None if repository is None else repository_key(repository)
            rows = self._tables.open_attempts.items()
            return [item for name, kept in rows if wanted in (None, name) for item in kept.values()]

    def _count_attempts(self, repository: str | None) -> int:
        with self._tables.lock:
            wanted = None if repository is None else repository_key(repository)
            rows = self._tables.attempts.items()
            return sum(len(attempts) for (name, _), attempts in rows if wanted in (None, name))

    def _count_logs(self, repository: str | None) -> Counter[str]:
        with self._tables.lock:
            wanted = None if repository is None else repository_key(repository)
            rows = self._tables.job_logs.items()
            logs = [kept for (name, _, _), kept in rows if wanted in (None, name)]
            return Counter(log.state for kept in logs for log in kept.values())


def _copy(record: AttemptRecord) -> AttemptRecord:
    """Give away no dictionary that the store keeps."""
    return replace(record, published_jobs=dict(record.published_jobs))


def _reached(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _age(record: AttemptRecord) -> tuple[datetime, int, int]:
    return record.created_at, record.key.run_id, record.key.run_attempt
