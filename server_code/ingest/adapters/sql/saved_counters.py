"""Counts of messages, in total and by interval, in SQL; any number of processes add at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ...domain.saved_counters import (
    COUNTS_KEPT_FOR,
    MAX_COUNTS_AHEAD,
    SavedCounters,
    start_of_count_interval,
)
from ...domain.stored_values import escape_text, format_time, parse_time, unescape_text
from .database import SqlStore
from .session import Session

_ADD_TO_TOTALS = """
    INSERT INTO totals (name, amount) VALUES (...)
    ON CONFLICT (name) DO UPDATE SET amount = totals.amount + excluded.amount
"""
_ADD_TO_INTERVAL = """
    INSERT INTO traffic (starts_at, name, amount) VALUES (...)
    ON CONFLICT (starts_at, name) DO UPDATE SET amount = traffic.amount + excluded.amount
"""
_DELETE_INTERVALS = "DELETE FROM traffic WHERE starts_at <= ? OR starts_at > ?"


class SqlSavedCounters(SqlStore):
    """Message totals, and their growth in the last day."""

    def add_to_saved_counters(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Add to the totals and to this moment's interval, all or none."""
        interval = start_of_count_interval(now)
        start = format_time(interval)
        bounds = format_time(interval - COUNTS_KEPT_FOR), format_time(interval + MAX_COUNTS_AHEAD)
        # In order, so that two processes never wait for each other's rows.
        totals = sorted((escape_text(name), amount) for name, amount in counts.items() if amount)

        def add(session: Session) -> None:
            session.insert(_ADD_TO_TOTALS, totals)
            session.insert(_ADD_TO_INTERVAL, [(start, *row) for row in totals])
            session.execute(_DELETE_INTERVALS, bounds)

        if totals:
            self._database.write(add)

    def load_saved_counters(self) -> SavedCounters:
        """Load all totals, and the intervals of the day before the newest addition."""
        totals = self._database.read("SELECT name, amount FROM totals")
        rows = self._database.read("SELECT starts_at, name, amount FROM traffic ORDER BY starts_at")
        intervals: dict[datetime, dict[str, int]] = {}
        for start, name, amount in rows:
            intervals.setdefault(parse_time(start), {})[unescape_text(name)] = amount
        return SavedCounters(
            totals={unescape_text(name): amount for name, amount in totals},
            intervals=tuple(intervals.items()),
        )
