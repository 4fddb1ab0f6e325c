"""The sources and what they include, as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ...domain.counted_nouns import plural
from ...domain.ledger import RepositoryRecord
from ...domain.saved_counters import SavedCounters
from ...domain.source_records import DiscoveredRepository, SourceRecord, filtered_out_counter
from ...domain.stored_values import repository_key
from ...domain.timestamps import format_timestamp
from ...ports import StateStore


def list_source_rows(store: StateStore) -> list[dict[str, Any]]:
    """List all sources, with how many repositories each matches, suspends and leaves out."""
    discovered, records = store.list_discovered_repositories(), store.list_repositories()
    return source_rows(store.list_sources(), discovered, records, store.load_saved_counters())


def source_rows(
    sources: Iterable[SourceRecord],
    discovered: Collection[DiscoveredRepository],
    records: Sequence[RepositoryRecord],
    counters: SavedCounters,
) -> list[dict[str, Any]]:
    """Return a row for each source."""
    new_keys = {repository_key(each.full_name) for each in records if _is_unpolled(each)}
    unpolled = Counter(
        each.source.lower() for each in discovered if repository_key(each.full_name) in new_keys
    )
    matched = Counter(each.source.lower() for each in discovered)
    polled = {repository_key(each.full_name) for each in records if not each.paused}
    suspended = Counter(
        each.source.lower()
        for each in discovered
        if each.suspension_reason and repository_key(each.full_name) not in polled
    )
    rows = []
    for record in sources:
        key = record.pattern.lower()
        row = {
            "pattern": record.pattern,
            "origin": record.origin,
            "is_exclusion": record.pattern.startswith("!"),
            "listed_at": None if record.found is None else format_timestamp(record.listed_at),
            "repositories": matched[key],
            "suspended": suspended[key],
            "unpolled": unpolled[key],
            "left_out": record.left_out,
            "filters": record.filters.as_texts(),
            "runs_filtered": counters.totals.get(filtered_out_counter(record.pattern), 0),
            "error": record.last_error,
            "renamed_to": record.renamed_to,
            "part": record.truncation_note,
        }
        is_new = record.found is None and not matched[key]
        rows.append({**row, "finding": _finding(row, is_new=is_new)})
    return rows


def _is_unpolled(record: RepositoryRecord) -> bool:
    return not (record.paused or record.failed_polls or record.last_polled_at)


def _finding(row: dict[str, Any], *, is_new: bool) -> str:
    """Return what a source does, in one line."""
    if row["is_exclusion"]:
        return "excludes the repositories that match."
    if is_new:
        return "is listed for the first time now."
    phrases = [plural(row["repositories"], "repository", "repositories")]
    phrases += [f"{row['unpolled']:,} of them waiting for their first poll"] * bool(row["unpolled"])
    phrases += [f"{row['suspended']:,} of them not polled"] * bool(row["suspended"])
    phrases += [f"{row['left_out']:,} left out"] * bool(row["left_out"])
    phrases += [f"{name} {text}" for name, text in row["filters"].items()]
    phrases += [f"{row['runs_filtered']:,} runs left out by filters"] * bool(row["runs_filtered"])
    phrases += [f"owner renamed to {row['renamed_to']}"] * bool(row["renamed_to"])
    error = f" Error: {row['error']}" if row["error"] else ""
    note = f" {row['part']}" if row["part"] else ""
    return f"{', '.join(phrases)}.{error}{note}"
