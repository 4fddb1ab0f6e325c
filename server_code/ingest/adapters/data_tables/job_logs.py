"""The state of every job's log in Data Tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

import anvil.tables.query as q

from ...domain.ledger import LOG_PENDING, JobLogRecord
from ...domain.log_states import may_replace, newest_logs
from ...domain.runs import AttemptKey
from ...domain.stored_records import body_of, normalized_attempt_key, restore_record_of_attempt
from ...domain.stored_values import from_json, repository_key, to_json
from ...ports import LogStateStore
from .errors import translate_errors
from .ledger_counts import CountChanges
from .table import Table, chunks_by_count, first_of_each_key, update
from .transactions import transact
from .values import as_utc, attempt_key_text, sort_key

_JOB_LOGS = Table("job_logs")

_COLUMNS = ("key", "run_id", "run_attempt", "job_id", "state", "updated_at", "body", "age")

#: Earlier than any failure: a comparison with it leaves out rows without ``failed_at``.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=timezone.utc)


@translate_errors
class TableJobLogs(LogStateStore):
    """Records of job logs."""

    def save_job_logs(self, records: Sequence[JobLogRecord]) -> None:
        """Insert or replace; a log that has ended never becomes pending or missing again."""
        rows = [_row(record) for record in newest_logs(records).values()]
        for chunk in chunks_by_count(rows):
            transact(partial(_save, chunk))

    def load_job_logs(self, key: AttemptKey) -> dict[int, JobLogRecord]:
        """Load the logs of one attempt by job id."""
        rows = _JOB_LOGS.search(columns=_COLUMNS, where={"attempt": attempt_key_text(key)})
        records = (_record(row) for row in first_of_each_key(rows))
        return {record.job_id: record for record in records}

    def load_job_log(self, key: AttemptKey, job_id: int) -> JobLogRecord | None:
        """Load the log of one job; None if there is none."""
        row = _JOB_LOGS.first(columns=_COLUMNS, where={"key": _log_key(key, job_id)})
        return None if row is None else _record(row)

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
        updated_at: object = q.less_than(updated_before)
        if or_updated_after is not None:
            updated_at = q.any_of(updated_at, q.greater_than(or_updated_after))
        return _load_oldest({"state": state, "updated_at": updated_at}, repositories, limit)

    def claim_logs_of_failed_jobs(
        self, *, updated_before: datetime, limit: int
    ) -> list[JobLogRecord]:
        """Claim pending logs of failed jobs, latest failure first; no process claims them again."""
        rows = _JOB_LOGS.list_first(
            columns=_COLUMNS,
            order_by="failed_at",
            is_ascending=False,
            limit=limit,
            where={
                "state": LOG_PENDING,
                "failed_at": q.greater_than(_LONG_AGO),
                "updated_at": q.less_than(updated_before),
            },
        )
        return [_record(row) for row in transact(partial(_claim, rows))] if rows else []


def _load_oldest(
    where: dict[str, Any], repositories: Collection[str] | None, limit: int
) -> list[JobLogRecord]:
    if repositories is None:
        rows = _JOB_LOGS.list_first(columns=_COLUMNS, order_by="age", limit=limit, where=where)
        return [_record(row) for row in rows]
    names = sorted({repository_key(name) for name in repositories})
    found = [
        row
        for chunk in chunks_by_count(names)
        for row in _JOB_LOGS.list_first(
            columns=_COLUMNS,
            order_by="age",
            limit=limit,
            where={**where, "repository": q.any_of(*chunk)},
        )
    ]
    found.sort(key=lambda row: str(row["age"]))
    return [_record(row) for row in found[: max(0, limit)]]


def _claim(rows: Sequence[Any]) -> list[Any]:
    """Claim rows; return those that no other process claimed since they were read."""
    current = _JOB_LOGS.search_by("key", [row["key"] for row in rows], columns=("key", "failed_at"))
    unclaimed = {row["key"]: row for row in current if row["failed_at"] is not None}
    update((row, {"failed_at": None}) for row in unclaimed.values())
    return [row for row in rows if row["key"] in unclaimed]


def _save(rows: Sequence[dict[str, Any]]) -> None:
    found = _JOB_LOGS.search_by("key", [row["key"] for row in rows], columns=("key", "state"))
    stored = {row["key"]: row["state"] for row in found}
    to_save = [
        row for row in rows if may_replace(row["state"], stored.get(row["key"], LOG_PENDING))
    ]
    changes = CountChanges()
    for row in to_save:
        changes.note_log(row["repository"], before=stored.get(row["key"]), after=row["state"])
    changes.save()
    _JOB_LOGS.upsert(to_save, found)


def _row(record: JobLogRecord) -> dict[str, Any]:
    name, run_id, run_attempt = normalized_attempt_key(record.key)
    numbers = "|".join(f"{number:020d}" for number in (run_id, run_attempt, record.job_id))
    return {
        "key": _log_key(record.key, record.job_id),
        "attempt": attempt_key_text(record.key),
        "repository": name,
        "run_id": str(run_id),
        "run_attempt": run_attempt,
        "job_id": str(record.job_id),
        "state": record.state,
        "updated_at": record.updated_at,
        "age": f"{sort_key(record.updated_at)}|{name}|{numbers}",
        "failed_at": record.failed_at,
        "body": to_json(body_of(record)),
    }


def _log_key(key: AttemptKey, job_id: int) -> str:
    return f"{attempt_key_text(key)}|{job_id}"


def _record(row: Any) -> JobLogRecord:  # noqa: ANN401 - a row
    columns = {
        "job_id": int(row["job_id"]),
        "state": row["state"],
        "updated_at": as_utc(row["updated_at"]),
    }
    return restore_record_of_attempt(
        JobLogRecord, int(row["run_id"]), int(row["run_attempt"]), from_json(row["body"]), columns
    )
