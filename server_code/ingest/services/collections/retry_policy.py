"""Waiting in work that a person has asked for, and that is not scheduled again by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from ...domain.backoff import backoff
from ...errors import RateLimited, Retriable
from ..agents.agent_loop import ShouldContinue
from ..context import CollectorContext

T = TypeVar("T")

#: The tries of what fails with a retriable error, with pauses of 1, 2, 4, … seconds.
MAX_FAILURES = 5
_LONGEST_PAUSE = timedelta(minutes=1)

_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A retry policy: waits for rate limits, and repeats brief failures a few times."""

    context: CollectorContext
    should_continue: ShouldContinue

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Return what the work returns; None where it is stopped while waiting.

        Raises what is not Retriable, and a failure that does not pass.
        """
        failures = 0
        while self.should_continue():
            try:
                self.context.apply_shared_pauses()
                return work()
            except RateLimited as limit:
                self.context.share_pauses()
                self._wait_until(limit.retry_at)
            except Retriable:
                if failures == MAX_FAILURES:
                    raise
                failures += 1
                pause = backoff(failures, maximum=_LONGEST_PAUSE)
                self._wait_until(self.context.clock.now() + pause)
        return None

    def _wait_until(self, moment: datetime) -> None:
        while self.should_continue() and self.context.clock.now() < moment:
            self.context.clock.sleep(_WAIT_SECONDS)
