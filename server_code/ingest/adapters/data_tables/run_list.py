"""The newest runs in one line each, in Data Tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...domain.ledger import MAX_RUN_SUMMARIES
from ...domain.stored_records import attempt_id, restore_summary, summary_body
from ...domain.stored_values import read_json, write_json
from ...domain.summaries import RunSummary
from .errors import translate_errors
from .rows import Rows, chunks_of_keys, distinct
from .transactions import transact
from .values import age_key, as_utc, attempt_key

_SUMMARIES = Rows("run_summaries")


@translate_errors
class TableRunList:
    """Summaries of the newest runs; each save removes the oldest beyond the limit."""

    def save_run_summaries(self, summaries: Sequence[RunSummary]) -> None:
        """Keep runs in one line each, later ones in place of earlier; MAX_RUN_SUMMARIES stay."""
        newest = {attempt_key(summary.key): summary for summary in summaries}
        for keys in chunks_of_keys(sorted(newest)):
            rows = [_row(newest[key]) for key in keys]
            transact(partial(_SUMMARIES.upsert, rows))
        if newest:
            _SUMMARIES.trim(MAX_RUN_SUMMARIES, order_by="age")

    def load_run_summaries(self) -> list[RunSummary]:
        """Load all that are kept, newest created first."""
        rows = _SUMMARIES.search(
            columns=("key", "run_id", "run_attempt", "created_at", "age", "body"),
            page=MAX_RUN_SUMMARIES,
        )
        ordered = sorted(distinct(rows), key=lambda row: str(row["age"]), reverse=True)
        return [
            restore_summary(
                int(row["run_id"]),
                int(row["run_attempt"]),
                as_utc(row["created_at"]),
                read_json(row["body"]),
            )
            for row in ordered
        ]


def _row(summary: RunSummary) -> dict[str, object]:
    name, run_id, run_attempt = attempt_id(summary.key)
    return {
        "key": attempt_key(summary.key),
        "run_id": str(run_id),
        "run_attempt": run_attempt,
        "created_at": summary.created_at,
        "age": f"{age_key(summary.created_at, run_id, run_attempt)}|{name}",
        "body": write_json(summary_body(summary)),
    }
