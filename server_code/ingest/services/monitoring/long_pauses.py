"""Which parts of an attempt are not waited for: it is published without them."""

from __future__ import annotations

from datetime import timedelta

from ...errors import RequestPaused
from ...ports import Clock

#: A pause that GitHub demands before a commit, a pull request or annotations, and that is longer
#: than this, delays no attempt: some servers name days.
LONGEST_PAUSE = timedelta(minutes=10)


def is_too_long(pause: RequestPaused, clock: Clock) -> bool:
    """Return whether an attempt is published without what a paused request would read."""
    return pause.retry_at - clock.now() > LONGEST_PAUSE
