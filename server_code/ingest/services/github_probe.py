"""Requests that keep GitHub's silence from going unnoticed where no poll is due.

Idle repositories are polled every ten minutes. Until then, nobody would notice that GitHub accepts
connections and answers nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.counters import Counters
from ..domain.due import is_interval_over
from ..errors import IngestError
from ..ports import ActionsApi, Clock

#: GitHub is asked for something at least this often, by each process.
PROBE_INTERVAL = timedelta(seconds=30)


@dataclass(slots=True)
class GithubProbe:
    """A probe of one process, sent only after a time without any answer. Safe for many threads."""

    _answers: int = 0
    _noted_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send_when_due(self, github: ActionsApi, counters: Counters, clock: Clock) -> None:
        """Request the rate limit, which is free; who stays silent is seen by the request pending.

        What GitHub answers, or that it does not, is for the requests that need something.
        """
        if self._is_due(counters, clock.now()):
            try:
                github.fetch_rate_limit()
            except IngestError:
                return

    def _is_due(self, counters: Counters, now: datetime) -> bool:
        answers = sum(counters.read(f"github_requests.{kind}") for kind in ("charged", "free"))
        with self._lock:
            has_answered = answers != self._answers
            is_due = not has_answered and is_interval_over(self._noted_at, PROBE_INTERVAL, now)
            if has_answered or is_due:
                self._answers, self._noted_at = answers, now
            return is_due
