"""The state of every job's log in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from ...domain.ledger import LOG_PENDING, JobLogRecord
from ...domain.runs import AttemptKey
from ...ports import LogStateStore
from .tables import Tables, attempt_id, repository_key


class MemoryLogs(LogStateStore):
    """Keep what is known of job logs."""

    _tables: Tables

    def save_job_logs(self, records: Sequence[JobLogRecord]) -> None:
        """Insert or replace; a log that has ended never becomes pending again."""
        with self._tables.lock:
            for record in records:
                kept = self._tables.job_logs.setdefault(attempt_id(record.key), {})
                stored = kept.get(record.job_id, record)
                if record.state != LOG_PENDING or stored.state == LOG_PENDING:
                    kept[record.job_id] = record

    def load_job_logs(self, key: AttemptKey) -> dict[int, JobLogRecord]:
        """Load the logs of one attempt by job id."""
        with self._tables.lock:
            return dict(self._tables.job_logs.get(attempt_id(key), {}))

    def load_pending_logs(
        self, repositories: Collection[str] | None, *, updated_before: datetime, limit: int
    ) -> list[JobLogRecord]:
        """Load logs that have been pending since before a moment, oldest first."""
        names = None if repositories is None else {repository_key(name) for name in repositories}
        with self._tables.lock:
            waiting = [
                (record.updated_at, key, job_id, record)
                for key, kept in self._tables.job_logs.items()
                if names is None or key[0] in names
                for job_id, record in kept.items()
                if record.state == LOG_PENDING and record.updated_at < updated_before
            ]
        waiting.sort(key=lambda item: item[:3])
        return [record for _, _, _, record in waiting[: max(0, limit)]]
