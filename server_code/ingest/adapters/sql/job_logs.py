"""The state of every job's log in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timezone

from ...domain.ledger import JobLogRecord
from ...domain.log_states import WAITING_STATES, job_log_id, newest_logs
from ...domain.runs import AttemptKey
from ...domain.stored_records import body_of, normalized_attempt_key, restore_record_of_attempt
from ...domain.stored_values import format_time, from_json, parse_time, repository_keys, to_json
from ...ports import LogStateStore
from .database import SqlStore
from .ledger_counts import change_and_count
from .session import Row, Session, upsert

_SELECT = "SELECT run_id, run_attempt, job_id, state, updated_at, record FROM job_logs "
_OF_ATTEMPT = "WHERE repository_key = ? AND run_id = ? AND run_attempt = ? "

_KEY = "repository_key, run_id, run_attempt, job_id"
_SAVE = (
    upsert("job_logs", _KEY, "state, updated_at, record, failed_at")
    + "WHERE excluded.state NOT IN ('pending', 'missing') OR job_logs.state = 'pending'"
    + " OR (excluded.state = 'missing' AND job_logs.state = 'missing')"
)
#: The states are not parameters, so that a partial index of each is used.
_WAITING = {
    state: f"WHERE state = '{state}' AND (updated_at < ? OR updated_at > ?) "
    for state in WAITING_STATES
}
_OLDEST_FIRST = f"ORDER BY updated_at, {_KEY} LIMIT ?"
_FAILED = f"""
    WHERE state = 'pending' AND failed_at IS NOT NULL AND updated_at < ?
    ORDER BY failed_at DESC, {_KEY} LIMIT ?
"""
_CLAIM = """
    UPDATE job_logs SET failed_at = NULL WHERE repository_key = ? AND run_id = ?
    AND run_attempt = ? AND job_id = ? AND failed_at IS NOT NULL
"""

#: The migration that adds when the job of a log failed; NULL once the log was claimed.
FAILED_LOGS = (
    "ALTER TABLE job_logs ADD COLUMN failed_at {text}",
    "CREATE INDEX failed_logs ON job_logs (failed_at) WHERE state = 'pending'",
)

#: The migration by which missing logs are found.
MISSING_LOGS = ("CREATE INDEX missing_logs ON job_logs (updated_at) WHERE state = 'missing'",)

_END_OF_TIME = datetime.max.replace(tzinfo=timezone.utc)


class SqlJobLogs(SqlStore, LogStateStore):
    """Records of job logs."""

    def save_job_logs(self, records: Sequence[JobLogRecord]) -> None:
        """Insert or replace; a log that has ended never becomes pending or missing again."""
        rows = [_row(record) for record in newest_logs(records).values()]
        runs = {row[:2] for row in rows}

        def save(session: Session) -> None:
            change_and_count(
                session, runs, lambda: session.insert(_SAVE, rows), counts_attempts=False
            )

        if rows:
            self._database.write(save)

    def load_job_logs(self, key: AttemptKey) -> dict[int, JobLogRecord]:
        """Load the logs of one attempt by job id."""
        rows = self._database.read(_SELECT + _OF_ATTEMPT, normalized_attempt_key(key))
        return {record.job_id: record for record in map(_record, rows)}

    def load_job_log(self, key: AttemptKey, job_id: int) -> JobLogRecord | None:
        """Load the log of one job; None if there is none."""
        sql = _SELECT + _OF_ATTEMPT + "AND job_id = ?"
        rows = self._database.read(sql, (*normalized_attempt_key(key), job_id))
        return next(map(_record, rows), None)

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

        Logs updated after ``or_updated_after`` follow: only a clock that was ahead set such a time.
        """
        latest = or_updated_after or _END_OF_TIME
        moments, maximum = (format_time(updated_before), format_time(latest)), max(0, limit)
        select = _SELECT + _WAITING[state]
        if repositories is None:
            rows = self._database.read(select + _OLDEST_FIRST, (*moments, maximum))
            return [_record(row) for row in rows]
        sql = select + "AND repository_key IN (...) " + _OLDEST_FIRST
        keys = repository_keys(repositories)
        rows = self._database.read_in_chunks(sql, moments, keys, limit=maximum)
        found = (_record(row) for row in rows)
        return sorted(found, key=lambda each: (each.updated_at, job_log_id(each)))[:maximum]

    def claim_logs_of_failed_jobs(
        self, *, updated_before: datetime, limit: int
    ) -> list[JobLogRecord]:
        """Claim pending logs of failed jobs, latest failure first; no process claims them again."""
        sql, parameters = _SELECT + _FAILED, (format_time(updated_before), max(0, limit))
        found = [_record(row) for row in self._database.read(sql, parameters)]
        if not found:
            return []
        return self._database.write(
            lambda session: [
                each for each in found if session.execute(_CLAIM, job_log_id(each)) == 1
            ]
        )


def _row(record: JobLogRecord) -> Row:
    moment = format_time(record.updated_at)
    failed_at = None if record.failed_at is None else format_time(record.failed_at)
    return (*job_log_id(record), record.state, moment, to_json(body_of(record)), failed_at)


def _record(row: Row) -> JobLogRecord:
    run_id, run_attempt, job_id, state, updated_at, body = row
    columns = {"job_id": job_id, "state": state, "updated_at": parse_time(updated_at)}
    return restore_record_of_attempt(JobLogRecord, run_id, run_attempt, from_json(body), columns)
