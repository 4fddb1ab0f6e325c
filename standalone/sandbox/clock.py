"""The sandbox's clock: it can run fast, stand still, and be stepped by hand."""

from __future__ import annotations

import threading
import time

from .times import UnixSeconds


class SandboxClock:
    """The server's time.

    `speed` is server seconds per real second; if it is 0, only `advance` moves the clock.
    """

    def __init__(self, start: UnixSeconds | None = None, *, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.time() if start is None else start
        self._started = time.monotonic()
        self._stepped = 0.0
        self._lock = threading.Lock()

    def now(self) -> UnixSeconds:
        """Return the sandbox's current time."""
        return self._start + self._stepped + (time.monotonic() - self._started) * self.speed

    def advance(self, seconds: float) -> UnixSeconds:
        """Move the clock forward at once and return the new time."""
        if seconds < 0:
            raise ValueError(f"The sandbox's clock cannot go back ({seconds} seconds).")
        with self._lock:
            self._stepped += seconds
        return self.now()
