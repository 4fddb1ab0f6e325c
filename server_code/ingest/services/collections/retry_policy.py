"""Retries and waits for work that a person starts and that no schedule would repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from ...errors import RateLimited, RequestPaused, Retriable
from ..agents.agent_loop import ShouldContinue
from ..context import CollectorContext
from ..time_limits import sleep_until

T = TypeVar("T")

#: After pauses of 1, 2, 4, 8 and 16 seconds; pauses that GitHub asks for do not count.
MAX_RETRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A retry policy, which waits as long as GitHub asks, and repeats what fails briefly."""

    context: CollectorContext
    should_continue: ShouldContinue

    def call(self, work: Callable[[], T]) -> T | None:
        """Return what the work returns; None if ``should_continue`` ends it first.

        Raises errors that are not Retriable, and a Retriable one after MAX_RETRIES retries.
        """
        clock, retries = self.context.clock, 0
        while self.should_continue():
            try:
                self.context.apply_credential_pauses()
                return work()
            except (RateLimited, RequestPaused) as pause:
                self.context.save_credential_pauses()
                sleep_until(pause.retry_at, clock, self.should_continue)
            except Retriable:
                if retries == MAX_RETRIES:
                    raise
                retry_at = clock.now() + timedelta(seconds=2**retries)
                sleep_until(retry_at, clock, self.should_continue)
                retries += 1
        return None
