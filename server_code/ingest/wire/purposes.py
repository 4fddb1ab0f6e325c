"""The purposes of requests, and how much each leaves to more urgent requests."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum

#: An attempt or a job that ended longer ago is part of a backfill: nobody waits for it any more.
BACKFILL_AGE = timedelta(hours=1)


class Purpose(IntEnum):
    """The purpose of a request, the most urgent first.

    The less urgent it is, the more of the rate limit it leaves to others. POLLING: polls of watched
    repositories. LIVE_LOG: the log of a job that has just ended. BACKLOG: recent runs, if many are
    due at once. BACKFILL: runs and logs from long ago.
    """

    POLLING = 0
    LIVE_LOG = 1
    BACKLOG = 2
    BACKFILL = 3

    @property
    def is_bulk(self) -> bool:
        """Return whether the request leaves a part of each limit to urgent requests."""
        return self >= Purpose.BACKLOG


#: The share of the hour that each purpose leaves to more urgent ones; polls leave theirs to other
#: programs that use the token.
RESERVE_SHARES = {
    Purpose.POLLING: 0.02,
    Purpose.LIVE_LOG: 0.04,
    Purpose.BACKLOG: 0.06,
    Purpose.BACKFILL: 0.06,
}
