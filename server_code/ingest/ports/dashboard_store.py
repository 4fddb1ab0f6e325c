"""What the collector needs of a store of what its pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ..domain.ledger import ActivityRecord, ErrorRecord
from ..domain.saved_counters import SavedCounters
from ..domain.summaries import RunSummary


class DashboardStore(Protocol):
    """What pages show: runs, counts, errors and activities; bounded, the oldest go first."""

    def save_run_summaries(self, summaries: Sequence[RunSummary]) -> None:
        """Save the summaries of attempts; the newest MAX_RUN_SUMMARIES stay."""

    def load_run_summaries(self) -> list[RunSummary]:
        """Load all that are kept, newest created first."""

    def add_to_saved_counters(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Add to the totals and to this moment's interval, all or none."""

    def load_saved_counters(self) -> SavedCounters:
        """Load all totals, and the intervals of the day before the newest addition."""

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MAX_ERRORS at most."""

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""

    def remove_errors(self, *, agent: str, repository: str | None, message: str) -> int:
        """Remove every error of the same agent, repository and text; return how many."""

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MAX_ACTIVITIES at most."""

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
