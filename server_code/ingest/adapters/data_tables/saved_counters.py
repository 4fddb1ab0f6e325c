"""Counts of messages, in Data Tables: a row of totals, and one for each interval of the last day.

A process caches the intervals that it has read, for only the newest ones change.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import anvil.tables.query as q

from ...domain.due import MAX_CLOCK_DIFFERENCE
from ...domain.saved_counters import (
    COUNTS_KEPT_FOR,
    MAX_COUNTS_AHEAD,
    SavedCounters,
    start_of_count_interval,
)
from ...domain.stored_values import format_time, from_json, parse_time, to_json
from .cached_rows import RELOAD_SECONDS
from .errors import translate_errors
from .table import Table, first_of_each_key
from .transactions import transact

#: ``traffic`` is the name of release 0.1.
_COUNTS = Table("traffic")

_TOTALS = "totals"

Counts = Mapping[str, int]


@dataclass(slots=True)
class SavedCountersCache:
    """The counts that a process has read, by key. Safe for many threads: each read replaces all."""

    rows: dict[str, Counts] = field(default_factory=dict)
    reload_at: float = 0.0


@translate_errors
class TableSavedCounters:
    """Message totals, and their growth in the last day."""

    _saved_counters_cache: SavedCountersCache

    def add_to_saved_counters(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Add to the totals and to this moment's interval, all or none."""
        added = {name: amount for name, amount in counts.items() if amount}
        if not added:
            return
        interval = start_of_count_interval(now)
        keys = (_TOTALS, format_time(interval))

        def add() -> bool:
            found = _COUNTS.search_by("key", keys, columns=("key", "counts"))
            known = {row["key"]: from_json(row["counts"]) for row in first_of_each_key(found)}
            _COUNTS.upsert([_summed(key, known.get(key, {}), added) for key in keys], found)
            return keys[1] in known

        if transact(add):
            return
        # Old intervals go with the first addition to a new one, as do those that are too far ahead.
        old = q.less_than_or_equal_to(format_time(interval - COUNTS_KEPT_FOR))
        ahead = q.between(format_time(interval + MAX_COUNTS_AHEAD), _TOTALS, min_inclusive=False)
        _COUNTS.delete(_COUNTS.search(columns=("key",), where={"key": q.any_of(old, ahead)}))

    def load_saved_counters(self) -> SavedCounters:
        """Load all totals, and the intervals of the day before the newest addition."""
        rows = _load_changed(self._saved_counters_cache)
        if rows is None:
            rows = _load({})
            self._saved_counters_cache.reload_at = time.monotonic() + RELOAD_SECONDS
        keys = sorted(rows.keys() - {_TOTALS})
        oldest = parse_time(keys[-1]) - COUNTS_KEPT_FOR if keys else None
        intervals = tuple((parse_time(key), rows[key]) for key in keys)
        kept = tuple((at, counts) for at, counts in intervals if oldest is None or at > oldest)
        self._saved_counters_cache.rows = rows
        return SavedCounters(totals=rows.get(_TOTALS, {}), intervals=kept)


def _load(where: Mapping[str, object]) -> dict[str, Counts]:
    found = first_of_each_key(_COUNTS.search(columns=("key", "counts"), where=where))
    return {row["key"]: from_json(row["counts"]) for row in found}


def _load_changed(cache: SavedCountersCache) -> dict[str, Counts] | None:
    """Load the totals and the newest intervals; None where all must be read."""
    rows = cache.rows
    keys = rows.keys() - {_TOTALS}
    if not keys or _TOTALS not in rows or time.monotonic() >= cache.reload_at:
        return None
    newest = max(keys)
    since = format_time(parse_time(newest) - MAX_CLOCK_DIFFERENCE)
    changed = _load({"key": q.any_of(_TOTALS, q.greater_than_or_equal_to(since))})
    if newest not in changed:
        return None  # it was removed: a clock that was ahead had counted it
    totals = changed.get(_TOTALS, {})
    # Counts only grow, unless the tables were restored from a copy.
    has_shrunk = any(totals.get(name, 0) < known for name, known in rows[_TOTALS].items())
    return None if has_shrunk else {**rows, **changed}


def _summed(key: str, known: Mapping[str, int], added: Mapping[str, int]) -> dict[str, str]:
    counts = Counter(known)
    counts.update(added)
    return {"key": key, "counts": to_json(dict(counts))}
