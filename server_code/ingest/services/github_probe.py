"""Requests that show whether GitHub answers while no poll is due.

Idle repositories are polled every ten minutes. Without a probe, nobody would notice before that
GitHub accepts connections and answers nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.counters import Counters
from ..domain.due import is_interval_over
from ..errors import IngestError
from ..ports import ActionsApi, Clock

#: A process sends at least one request to GitHub in this time.
PROBE_INTERVAL = timedelta(seconds=30)


@dataclass(slots=True)
class GithubProbe:
    """The probe of a process: at first, and after PROBE_INTERVAL without an answer. Thread-safe."""

    _answer_count: int = 0
    _interval_began_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send_when_due(self, github: ActionsApi, counters: Counters, clock: Clock) -> None:
        """Request the rate limit, which is free.

        While it has no answer, heartbeats report it (``PendingRequests``). An error is ignored:
        the next poll reports it. Requests are counted when they are answered.
        """
        if self._is_due(counters, clock.now()):
            try:
                github.send_probe()
            except IngestError:
                return

    def _is_due(self, counters: Counters, now: datetime) -> bool:
        answers = sum(counters.read(f"github_requests.{kind}") for kind in ("charged", "free"))
        with self._lock:
            has_answered = answers != self._answer_count
            is_due = not has_answered and is_interval_over(
                self._interval_began_at, PROBE_INTERVAL, now
            )
            if has_answered or is_due:
                self._answer_count, self._interval_began_at = answers, now
            return is_due
