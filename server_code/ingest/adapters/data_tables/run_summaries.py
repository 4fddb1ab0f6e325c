"""Summaries of the newest runs, in Data Tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ...domain.ledger import MAX_RUN_SUMMARIES
from ...domain.stored_records import body_of, normalized_attempt_key, restore_record_of_attempt
from ...domain.stored_values import from_json, to_json
from ...domain.summaries import RunSummary
from .cached_rows import CachedRows, NewestRows, saved_at_column
from .errors import translate_errors
from .table import Table, chunks_by_count
from .transactions import transact
from .values import as_utc, attempt_key_text, sort_key

_SUMMARIES = Table("run_summaries")

#: The ``age`` by which a summary is sorted, and the summary.
_Entry = tuple[str, RunSummary]


@translate_errors
class TableRunSummaries:
    """Summaries of the newest runs; each save removes the oldest beyond the limit."""

    _run_summary_cache: CachedRows[_Entry]

    def save_run_summaries(self, summaries: Sequence[RunSummary]) -> None:
        """Save the summaries of attempts; the newest MAX_RUN_SUMMARIES stay."""
        newest = {attempt_key_text(summary.key): summary for summary in summaries}
        for keys in chunks_by_count(sorted(newest)):
            transact(partial(_save, [newest[key] for key in keys]))
        if newest:
            _SUMMARIES.trim(MAX_RUN_SUMMARIES, order_by="age")

    def load_run_summaries(self) -> list[RunSummary]:
        """Load all that are kept, newest created first."""
        return [summary for _, summary in self._run_summary_cache.load(_SUMMARIES).values()]


def run_summary_cache() -> CachedRows[_Entry]:
    """Make the cache of summaries."""
    return CachedRows(
        ("key", "run_id", "run_attempt", "created_at", "age", "body", "saved_at"),
        _read,
        newest=NewestRows(MAX_RUN_SUMMARIES, sort_key=lambda entry: entry[0]),
    )


def _read(row: Any) -> _Entry:  # noqa: ANN401 - a row
    return str(row["age"]), restore_record_of_attempt(
        RunSummary,
        int(row["run_id"]),
        int(row["run_attempt"]),
        from_json(row["body"]),
        {"created_at": as_utc(row["created_at"])},
    )


def _save(summaries: Sequence[RunSummary]) -> None:
    """Save summaries with the time of this try: pages read what was saved since seconds ago."""
    _SUMMARIES.upsert([_row(each) for each in summaries])


def _row(summary: RunSummary) -> dict[str, object]:
    name, run_id, run_attempt = normalized_attempt_key(summary.key)
    return {
        "key": attempt_key_text(summary.key),
        "run_id": str(run_id),
        "run_attempt": run_attempt,
        "created_at": summary.created_at,
        "age": f"{sort_key(summary.created_at, run_id, run_attempt)}|{name}",
        "body": to_json(body_of(summary)),
        **saved_at_column(),
    }
