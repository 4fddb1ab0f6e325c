"""Deletion of old settled attempts with their logs and commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...domain.stored_values import escape_text, format_time, from_json
from .ledger_counts import change_and_count
from .session import Row, Session

_OLD_ATTEMPTS = """
    SELECT repository_key, run_id, run_attempt, record FROM attempts
    WHERE settled = 1 AND created_at < ?
    ORDER BY created_at, run_id, run_attempt LIMIT ?
"""
_DELETE_ATTEMPT = "DELETE FROM attempts WHERE repository_key = ? AND run_id = ? AND run_attempt = ?"
_DELETE_LOGS = "DELETE FROM job_logs WHERE repository_key = ? AND run_id = ? AND run_attempt = ?"
_DELETE_COMMIT = "DELETE FROM commits WHERE repository_key = ? AND sha = ?"


def purge_settled(session: Session, *, created_before: datetime, limit: int) -> int:
    """Delete the oldest settled attempts within a transaction; return how many.

    One that another process is saving at this moment is skipped: it may not stay settled. A commit
    that a later attempt shares is deleted too, and requested again where it is needed.
    """
    old = session.query(_OLD_ATTEMPTS, (format_time(created_before), limit))
    runs = {row[:2] for row in old}

    def purge() -> int:
        rows = session.query(
            _OLD_ATTEMPTS + session.dialect.skip_locked, (format_time(created_before), limit)
        )
        return _delete(session, [row for row in rows if row[:2] in runs])

    return change_and_count(session, runs, purge)


def _delete(session: Session, rows: Sequence[Row]) -> int:
    keys = sorted(row[:3] for row in rows)
    read = ((row[0], from_json(row[3])["run"]) for row in rows)
    shas = {(name, run["head_sha"]) for name, run in read if run is not None}
    commits = sorted((name, escape_text(sha)) for name, sha in shas if sha is not None)
    session.delete(_DELETE_LOGS, keys)
    session.delete(_DELETE_COMMIT, commits)
    return session.delete(_DELETE_ATTEMPT, keys)
