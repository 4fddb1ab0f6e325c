"""Which repositories are polled before the backfills of others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.due import is_ahead
from ..domain.ledger import RepositoryRecord

#: All repositories get a turn this often at least, the longest overdue first: also those with a
#: backfill, those that were never polled, and those of other processes. Turns that are shorter
#: alternate with those of what is caught up with.
OTHERS_EVERY = timedelta(seconds=30)


@dataclass(slots=True)
class PollOrder:
    """The next polls of the repositories that this process has caught up with.

    They come before repositories with a backfill, of which a new organization has hundreds;
    those whose runs changed last come first, after those whose first poll has priority and was put
    off by a limit. Safe for many threads.
    """

    _next: dict[str, tuple[datetime, tuple[bool, datetime]]] = field(default_factory=dict)
    _others_at: datetime | None = None
    _others_pause: timedelta = OTHERS_EVERY
    _is_turn_of_others: bool = False
    _called_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find_caught_up(self, now: datetime) -> str | None:
        """Return the due repository to poll first; None where it is the others' turn."""
        with self._lock:
            at = self._others_at
            pause = OTHERS_EVERY if self._is_turn_of_others else self._others_pause
            if at is None or not timedelta(0) <= now - at < pause:
                return None
            due = [
                (rank, name)
                for name, (next_poll_at, rank) in self._next.items()
                if next_poll_at <= now
            ]
        return max(due)[1] if due else None

    def is_clock_set_back(self, now: datetime) -> bool:
        """Return whether the clock was set back since the last call."""
        with self._lock:
            called_at, self._called_at = self._called_at, now
        return is_ahead(called_at, now)

    def note_turn_of_caught_up(self) -> None:
        """Note that a repository that was found here had its turn."""
        with self._lock:
            self._is_turn_of_others = False

    def note_turn_of_others(self, now: datetime, *, took: timedelta = OTHERS_EVERY) -> None:
        """Note that the longest overdue of all repositories had their turn.

        Their next one is no sooner than it ``took``, and than a turn of what is found here.
        """
        with self._lock:
            self._others_at, self._is_turn_of_others = now, True
            self._others_pause = min(max(took, timedelta(0)), OTHERS_EVERY)

    def note_poll(self, record: RepositoryRecord, *, next_poll_at: datetime, now: datetime) -> None:
        """Note when a repository is polled next; one that is due at once has a backfill."""
        with self._lock:
            if next_poll_at <= now:
                self._next.pop(record.full_name, None)
            else:
                rank = (record.is_prioritized, record.last_changed_at or record.added_at)
                self._next[record.full_name] = (next_poll_at, rank)

    def remove(self, name: str) -> None:
        """Drop a repository that is not polled here."""
        with self._lock:
            self._next.pop(name, None)
