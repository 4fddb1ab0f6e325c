"""Summaries of the newest runs, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.ledger import MAX_RUN_SUMMARIES
from ...domain.stored_records import body_of, normalized_attempt_key, restore_record_of_attempt
from ...domain.stored_values import format_time, from_json, parse_time, to_json
from ...domain.summaries import RunSummary
from .database import SqlStore
from .decoded_rows import DecodedRows
from .session import Row, Session, upsert

_SAVE = upsert("run_summaries", "repository_key, run_id, run_attempt", "created_at, record")
_LOAD = """
    SELECT run_id, run_attempt, created_at, record FROM run_summaries
    ORDER BY created_at DESC, run_id DESC, run_attempt DESC, repository_key DESC
"""
#: SQLite has no OFFSET without a LIMIT.
_TRIM = """
    DELETE FROM run_summaries WHERE (repository_key, run_id, run_attempt) IN (
        SELECT repository_key, run_id, run_attempt FROM run_summaries
        ORDER BY created_at DESC, run_id DESC, run_attempt DESC, repository_key DESC
        LIMIT 1000000 OFFSET ?
    )
"""


class SqlRunSummaries(SqlStore):
    """Summaries of the newest runs; each save removes the oldest beyond the limit."""

    #: What the last read decoded, by row: only rows that have changed since are decoded again.
    _decoded_summaries: DecodedRows[RunSummary]

    def save_run_summaries(self, summaries: Sequence[RunSummary]) -> None:
        """Save the summaries of attempts; the newest MAX_RUN_SUMMARIES stay."""
        newest = {normalized_attempt_key(summary.key): summary for summary in summaries}
        # In order, so that two processes never wait for each other's rows.
        rows = [_row(newest[key]) for key in sorted(newest)]

        def save(session: Session) -> None:
            session.insert(_SAVE, rows)
            session.execute(_TRIM, (MAX_RUN_SUMMARIES,))

        if rows:
            self._database.write(save)

    def load_run_summaries(self) -> list[RunSummary]:
        """Load all that are kept, newest created first."""
        return self._decoded_summaries.decode_all(self._database.read(_LOAD))


def _row(summary: RunSummary) -> Row:
    # The body also holds the name of the repository as it is written; the key is in lower case.
    body = to_json(body_of(summary))
    return (*normalized_attempt_key(summary.key), format_time(summary.created_at), body)


def decode_run_summary(row: Row) -> RunSummary:
    """Decode a summary's row."""
    run_id, run_attempt, created_at, body = row
    columns = {"created_at": parse_time(created_at)}
    return restore_record_of_attempt(RunSummary, run_id, run_attempt, from_json(body), columns)
