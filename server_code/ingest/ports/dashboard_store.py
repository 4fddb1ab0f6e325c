"""What the collector needs of the store for what its pages show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ..domain.ledger import ActivityRecord, ErrorRecord
from ..domain.saved_counters import SavedCounters
from ..domain.summaries import RunSummary


class DashboardStore(Protocol):
    """What pages show: runs, counts, errors and activities. Only the newest are kept."""

    def save_run_summaries(self, summaries: Sequence[RunSummary]) -> None:
        """Save the summaries of attempts; only the newest MAX_RUN_SUMMARIES are kept."""

    def load_run_summaries(self) -> list[RunSummary]:
        """Load all stored summaries, the most recently created runs first."""

    def add_to_saved_counters(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Add to the totals and to this moment's interval, all or none."""

    def load_saved_counters(self) -> SavedCounters:
        """Load all totals, and the intervals of the day before the last addition."""

    def add_error(self, record: ErrorRecord) -> None:
        """Save an error; only the newest MAX_ERRORS are kept."""

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""

    def remove_errors(self, errors: Collection[ErrorRecord]) -> int:
        """Remove these errors; return how many there were."""

    def add_activity(self, record: ActivityRecord) -> None:
        """Save an activity; only the newest MAX_ACTIVITIES are kept."""

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
