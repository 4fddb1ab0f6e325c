"""The counters that all processes save together, in total and by intervals of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

#: Counters are also saved by intervals of this length, from :00, :05, :10 and so on.
COUNT_INTERVAL = timedelta(minutes=5)
COUNTS_KEPT_FOR = timedelta(days=1)

#: Intervals so much later than the one that is counted are removed: a clock was ahead.
MAX_COUNTS_AHEAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCounters:
    """The saved counters of all processes, by their names: messages sent, webhooks received, ….

    ``totals`` since the state was created; ``intervals`` by their start, oldest first, without
    those that counted nothing.
    """

    totals: Mapping[str, int] = field(default_factory=dict)
    intervals: tuple[tuple[datetime, Mapping[str, int]], ...] = ()


def start_of_count_interval(now: datetime) -> datetime:
    """Return the start of the interval of the counters that a moment lies in."""
    beginning = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return now - (now - beginning) % COUNT_INTERVAL
