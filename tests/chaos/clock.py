"""A clock that runs as fast as the sandbox's, the same in every process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone

from ingest.ports import Clock

#: However fast the clock runs, an idle thread does not spin.
SHORTEST_SLEEP_SECONDS = 0.05


@dataclass(frozen=True)
class Pace:
    """When the sandbox's time began, and how many of its seconds pass in one."""

    sandbox_start: float
    real_start: float
    speed: float

    def now(self) -> float:
        """Return the sandbox's time in seconds since the epoch."""
        return self.sandbox_start + (time.time() - self.real_start) * self.speed


class FastClock(Clock):
    """The sandbox's time, and waits in it; every wait ends when ``stop`` is set."""

    def __init__(self, pace: Pace, stop: threading.Event) -> None:
        self._pace = pace
        self._stop = stop

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._pace.now(), timezone.utc)

    def sleep(self, seconds: float) -> None:
        self._stop.wait(max(seconds / self._pace.speed, SHORTEST_SLEEP_SECONDS))
