"""The newest runs in one line each, in Data Tables.

A page reads all of them every few seconds, which costs more than all else that it reads. So a
process keeps what it has read, and reads again what was saved since.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import anvil.tables.query as q

from ...domain.ledger import MAX_RUN_SUMMARIES
from ...domain.stored_records import attempt_id, restore_summary, summary_body
from ...domain.stored_values import from_json, to_json
from ...domain.summaries import RunSummary
from .errors import translate_errors
from .rows import Rows, chunks_of_keys, distinct
from .transactions import transact
from .values import age_key, as_utc, attempt_key, utc

#: What was saved so long before the last reading is read again: clocks differ, and commits wait.
OVERLAP = timedelta(minutes=1)

#: All are read again after this time: the clock of a host may be off by more.
RELOAD_SECONDS = 600.0

_SUMMARIES = Rows("run_summaries")
_COLUMNS = ("key", "run_id", "run_attempt", "created_at", "age", "body", "saved_at")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A summary that was read, and when it was saved; earlier releases saved no time."""

    age: str
    saved_at: datetime | None
    summary: RunSummary


@dataclass(slots=True)
class KeptRuns:
    """The summaries that a process has read, by key. Safe for many threads: they replace all."""

    rows: dict[str, _Kept] = field(default_factory=dict)
    read_at: datetime | None = None
    reload_at: float = 0.0


@translate_errors
class TableRunList:
    """Summaries of the newest runs; each save removes the oldest beyond the limit."""

    _kept_runs: KeptRuns

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
        began_at = datetime.now(timezone.utc)
        rows = _load_changed(self._kept_runs)
        if rows is None:
            rows = _newest(_read(_SUMMARIES.search(columns=_COLUMNS, page=MAX_RUN_SUMMARIES)))
            self._kept_runs.reload_at = time.monotonic() + RELOAD_SECONDS
        self._kept_runs.rows, self._kept_runs.read_at = rows, began_at
        return [kept.summary for kept in rows.values()]


def _load_changed(kept: KeptRuns) -> dict[str, _Kept] | None:
    """Load what was saved since the last time; None where all must be read."""
    rows, read_at = kept.rows, kept.read_at
    saved = [each.saved_at for each in rows.values() if each.saved_at is not None]
    if not saved or read_at is None or time.monotonic() >= kept.reload_at:
        return None
    since = min(max(saved), read_at - OVERLAP)
    where = {"saved_at": q.greater_than_or_equal_to(since)}
    changed = _read(_SUMMARIES.search(columns=_COLUMNS, page=MAX_RUN_SUMMARIES, where=where))
    expected = {key for key, each in rows.items() if each.saved_at and each.saved_at >= since}
    newest = _newest({**rows, **changed})
    # What is gone must have made room for newer runs, or this is another state.
    return newest if (expected & newest.keys()) <= changed.keys() else None


def _newest(rows: dict[str, _Kept]) -> dict[str, _Kept]:
    """Return the newest created, as many as the state keeps, in order."""
    ordered = sorted(rows.items(), key=lambda item: item[1].age, reverse=True)
    return dict(ordered[:MAX_RUN_SUMMARIES])


def _read(rows: Iterable[Any]) -> dict[str, _Kept]:
    return {
        row["key"]: _Kept(
            str(row["age"]),
            utc(row["saved_at"]),
            restore_summary(
                int(row["run_id"]),
                int(row["run_attempt"]),
                as_utc(row["created_at"]),
                from_json(row["body"]),
            ),
        )
        for row in distinct(rows)
    }


def _row(summary: RunSummary) -> dict[str, object]:
    name, run_id, run_attempt = attempt_id(summary.key)
    return {
        "key": attempt_key(summary.key),
        "run_id": str(run_id),
        "run_attempt": run_attempt,
        "created_at": summary.created_at,
        "age": f"{age_key(summary.created_at, run_id, run_attempt)}|{name}",
        "saved_at": datetime.now(timezone.utc),
        "body": to_json(summary_body(summary)),
    }
