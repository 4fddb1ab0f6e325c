"""A clock that moves only when it is advanced, or when somebody sleeps."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

from ingest.ports import Clock


class ManualClock(Clock):
    """A clock that shows a chosen time; ``sleeps`` records the seconds that others asked for."""

    def __init__(self, now: datetime) -> None:
        self._lock = threading.Lock()
        self._now = now.astimezone(timezone.utc)
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        """Return the time in UTC."""
        with self._lock:
            return self._now

    def set_now(self, moment: datetime) -> None:
        """Set the clock, backwards too."""
        with self._lock:
            self._now = moment.astimezone(timezone.utc)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once, and record the sleep; negative ones are none."""
        with self._lock:
            self.sleeps.append(seconds)
            self._now += timedelta(seconds=max(0.0, seconds))
