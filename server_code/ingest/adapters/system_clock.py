"""The machine's own clock, whose waits end when the process is asked to stop."""

from __future__ import annotations

import threading
from datetime import datetime, timezone

from ..ports import Clock


class SystemClock(Clock):
    """The machine's clock; every ``sleep`` ends as soon as ``stop`` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(timezone.utc)

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` (none if negative), or until the process is asked to stop."""
        self._stop.wait(max(0.0, seconds))
