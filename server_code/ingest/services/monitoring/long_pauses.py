"""Pauses that are too long to wait for: an attempt is published without the paused part."""

from __future__ import annotations

from datetime import timedelta

from ...errors import RequestPaused
from ...ports import Clock

#: If GitHub demands a longer pause before a commit, a pull request or annotations is read, the
#: attempt does not wait for it: some servers demand days.
LONGEST_PAUSE = timedelta(minutes=10)


def is_too_long(pause: RequestPaused, clock: Clock) -> bool:
    """Return whether an attempt is published without what a paused request would read."""
    return pause.retry_at - clock.now() > LONGEST_PAUSE
