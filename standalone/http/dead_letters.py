"""The number of dead letters for the metrics, counted in the background so that no scrape waits."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ingest.errors import IngestError

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 60.0


class DeadLetterCount:
    """The last count of dead letters; None while it is unknown."""

    def __init__(self, count: Callable[[], int | None]) -> None:
        self._count = count
        self._latest: int | None = None
        self._next_at = 0.0
        self._lock = threading.Lock()

    def latest(self) -> int | None:
        """Return the last count; at most once a minute, start a new count in the background."""
        with self._lock:
            if time.monotonic() >= self._next_at:
                self._next_at = time.monotonic() + REFRESH_SECONDS
                threading.Thread(target=self.refresh, name="dead letters", daemon=True).start()
        return self._latest

    def refresh(self) -> None:
        """Count again."""
        try:
            self._latest = self._count()
        except IngestError as error:
            logger.warning("dead letters not counted", extra={"reason": str(error)})
            self._latest = None
