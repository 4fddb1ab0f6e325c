"""The order of polls: recently changed repositories and the longest overdue ones in turns."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.due import is_in_future
from ..domain.ledger import RepositoryRecord

#: The longest overdue of all repositories gets a turn at least this often, be it one with a
#: backfill, one that was never polled, or one of another process.
OVERDUE_TURN_EVERY = timedelta(seconds=30)


@dataclass(slots=True)
class PollOrder:
    """The order in which this process polls repositories. Thread-safe.

    Two kinds of turns alternate, and get the same time: one for a repository without a backfill,
    and one for the longest overdue of all, at least every OVERDUE_TURN_EVERY. So repositories
    without a backfill do not wait for backfills, of which a new organization has hundreds.
    ``_next_polls``: the time and the rank of that of each repository without a backfill that this
    process has polled. Those whose first poll a limit has put off come first, then those whose runs
    changed last.
    """

    _next_polls: dict[str, tuple[datetime, tuple[bool, datetime]]] = field(default_factory=dict)
    _overdue_turn_at: datetime | None = None
    _overdue_turn_pause: timedelta = OVERDUE_TURN_EVERY
    _was_overdue_turn: bool = False
    _noted_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find_recently_changed(self, now: datetime) -> str | None:
        """Return the repository to poll first; None if it is the turn of the longest overdue."""
        with self._lock:
            at = self._overdue_turn_at
            pause = OVERDUE_TURN_EVERY if self._was_overdue_turn else self._overdue_turn_pause
            if at is None or not timedelta(0) <= now - at < pause:
                return None
            due = [
                (rank, name)
                for name, (next_poll_at, rank) in self._next_polls.items()
                if next_poll_at <= now
            ]
        return max(due)[1] if due else None

    def is_clock_set_back(self, now: datetime) -> bool:
        """Return whether the clock was set back since ``note_time``."""
        with self._lock:
            return is_in_future(self._noted_at, now)

    def note_time(self, now: datetime) -> None:
        """Note what time it is, with which ``is_clock_set_back`` compares."""
        with self._lock:
            self._noted_at = now

    def note_turn_of_recently_changed(self) -> None:
        """Note that the repository of ``find_recently_changed`` was polled."""
        with self._lock:
            self._was_overdue_turn = False

    def note_turn_of_longest_overdue(
        self, now: datetime, *, took: timedelta = OVERDUE_TURN_EVERY
    ) -> None:
        """Note that the longest overdue repository was polled, and how long that took."""
        with self._lock:
            self._overdue_turn_at, self._was_overdue_turn = now, True
            self._overdue_turn_pause = min(max(took, timedelta(0)), OVERDUE_TURN_EVERY)

    def note_poll(self, record: RepositoryRecord, *, next_poll_at: datetime, now: datetime) -> None:
        """Note when a repository is polled next; one that is due again at once has a backfill."""
        with self._lock:
            if next_poll_at <= now:
                self._next_polls.pop(record.full_name, None)
            else:
                rank = (record.is_prioritized, record.last_changed_at or record.added_at)
                self._next_polls[record.full_name] = (next_poll_at, rank)

    def remove(self, name: str) -> None:
        """Remove a repository that this process does not poll."""
        with self._lock:
            self._next_polls.pop(name, None)
