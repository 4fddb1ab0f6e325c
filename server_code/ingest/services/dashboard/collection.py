"""The progress of a manual collection."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ...domain.collection_records import CollectionPhase, CollectionRecord
from ...domain.counted_nouns import plural
from ...domain.timestamps import format_timestamp
from ..collections.manual_collection import LOST_AFTER, SHOWN_COUNTERS

#: How long the result of a collection is shown.
RESULT_SHOWN_FOR = timedelta(minutes=10)


def collection_row(record: CollectionRecord, *, now: datetime) -> dict[str, Any]:
    """Return a collection with a sentence that describes it."""
    counts, state = record.counts, _state(record, now)
    return {
        "collection_id": record.collection_id,
        "state": state,
        "phase": record.phase,
        "repositories_done": counts.get("repositories_done", 0),
        "repositories_total": counts.get("repositories_total", 0),
        "runs": counts.get("runs", 0),
        "jobs": counts.get("jobs", 0),
        "logs": counts.get("logs", 0),
        "logs_waiting": counts.get("logs_waiting"),
        "started_at": format_timestamp(record.started_at),
        "updated_at": format_timestamp(record.updated_at),
        "sentence": _sentence(record, state),
        "error": record.note if state == "failed" else None,
    }


def is_recent(record: CollectionRecord, now: datetime) -> bool:
    """Return whether a collection is running or has ended recently."""
    return abs(now - record.updated_at) < RESULT_SHOWN_FOR


def _state(record: CollectionRecord, now: datetime) -> str:
    if record.phase == CollectionPhase.DONE:
        return "completed"
    if record.phase == CollectionPhase.FAILED:
        return "failed"
    return "running" if abs(now - record.updated_at) < LOST_AFTER else "lost"


def _sentence(record: CollectionRecord, state: str) -> str:
    counts = record.counts
    done, total = counts.get("repositories_done", 0), counts.get("repositories_total", 0)
    runs, jobs, logs = (counts.get(name, 0) for name in SHOWN_COUNTERS)
    found = f"{plural(runs, 'new run')}, {plural(jobs, 'job')} and {plural(logs, 'log')}"
    repositories = plural(total, "repository", "repositories")
    if state == "failed":
        return f"The collection failed: {record.note}"
    if state == "lost":
        return f"The collection was interrupted after {found}. The agents continue automatically."
    if state == "completed":
        return f"Collected {found} from {repositories}. {record.note or ''}".strip()
    if record.phase == CollectionPhase.COLLECTING:
        return f"Reading runs: {found} so far."
    if record.phase == CollectionPhase.FETCHING:
        return f"Fetching logs: {found} so far."
    return f"Searching for runs: {done:,} of {repositories}."
