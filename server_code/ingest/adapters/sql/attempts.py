"""An attempt as a row of the ledger, and back."""

from __future__ import annotations

from ...domain.ledger import AttemptRecord
from ...domain.stored_records import attempt_body, attempt_id, restore_attempt
from ...domain.stored_values import (
    format_optional_time,
    format_time,
    from_json,
    parse_optional_time,
    parse_time,
    to_json,
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


def attempt_row(record: AttemptRecord) -> Row:
    """Return a record in the columns of SAVE_ATTEMPTS."""
    return (
        *attempt_id(record.key),
        format_time(record.created_at),
        int(record.settled),
        int(not record.published_statuses),
        format_optional_time(record.next_check_at),
        to_json(attempt_body(record)),
    )


def attempt_record(row: Row) -> AttemptRecord:
    """Read a record from the columns of SELECT_ATTEMPTS."""
    run_id, run_attempt, created_at, settled, next_check_at, body = row
    columns = {
        "created_at": parse_time(created_at),
        "settled": bool(settled),
        "next_check_at": parse_optional_time(next_check_at),
    }
    return restore_attempt(run_id, run_attempt, from_json(body), columns)
