"""An attempt as a row of the ledger, and back."""

from __future__ import annotations

from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey
from ...domain.snapshots import restore_job, restore_run, snapshot
from ...domain.stored_values import (
    read_json,
    read_optional_time,
    read_time,
    repository_key,
    write_json,
    write_optional_time,
    write_time,
)
from .session import Row

SELECT_ATTEMPTS = """
    SELECT run_id, run_attempt, created_at, settled, look_at, record FROM attempts
"""
SAVE_ATTEMPTS = """
    INSERT INTO attempts (repository_key, run_id, run_attempt, created_at, settled, unread, look_at,
                          record)
    VALUES (...)
    ON CONFLICT (repository_key, run_id, run_attempt) DO UPDATE SET
        created_at = excluded.created_at,
        settled = excluded.settled,
        unread = excluded.unread,
        look_at = excluded.look_at,
        record = excluded.record
"""


def attempt_id(key: AttemptKey) -> tuple[str, int, int]:
    """Bring a key into the form in which keys are compared."""
    return repository_key(key.repository), key.run_id, key.run_attempt


def attempt_row(record: AttemptRecord) -> Row:
    """Lay a record out in the columns of SAVE_ATTEMPTS."""
    return (
        *attempt_id(record.key),
        write_time(record.created_at),
        int(record.settled),
        int(not record.published_statuses),
        write_optional_time(record.look_at),
        _write_body(record),
    )


def attempt_record(row: Row) -> AttemptRecord:
    """Read a record from the columns of SELECT_ATTEMPTS."""
    run_id, run_attempt, created_at, settled, look_at, body = row
    stored = read_json(body)
    run = stored["run"]
    return AttemptRecord(
        key=AttemptKey(stored["repository"], run_id, run_attempt),
        created_at=read_time(created_at),
        run=None if run is None else restore_run(run),
        jobs=tuple(restore_job(job) for job in stored["jobs"]),
        published_jobs=stored["published_jobs"],
        published_statuses=tuple(stored["published_statuses"]),
        fingerprint=stored["fingerprint"],
        settled=bool(settled),
        look_at=read_optional_time(look_at),
        run_validator=stored["run_validator"],
        jobs_validator=stored["jobs_validator"],
        failures=stored["failures"],
    )


def _write_body(record: AttemptRecord) -> str:
    return write_json(
        {
            "repository": record.key.repository,
            "run": None if record.run is None else snapshot(record.run),
            "jobs": [snapshot(job) for job in record.jobs],
            "published_jobs": dict(record.published_jobs),
            "published_statuses": record.published_statuses,
            "fingerprint": record.fingerprint,
            "run_validator": record.run_validator,
            "jobs_validator": record.jobs_validator,
            "failures": record.failures,
        }
    )
