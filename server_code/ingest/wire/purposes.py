"""What requests are sent for, and what each purpose leaves to more urgent ones."""

from __future__ import annotations

from datetime import timedelta
from enum import IntEnum

#: An attempt or a job that ended longer ago counts as a backfill's: nobody waits for it any more.
BACKFILL_AGE = timedelta(hours=1)


class Purpose(IntEnum):
    """What a request is sent for, the most urgent first.

    The less urgent it is, the larger the share of the rate limit that it leaves to the others.
    POLLING: polls of watched repositories. LIVE_LOG: the log of a job that has just ended.
    BACKLOG: recent runs of which many are due at once. BACKFILL: runs and logs from long ago.
    """

    POLLING = 0
    LIVE_LOG = 1
    BACKLOG = 2
    BACKFILL = 3

    @property
    def is_bulk(self) -> bool:
        """Return whether the request leaves a part of each limit to urgent ones."""
        return self >= Purpose.BACKLOG


#: The share of the hour that a purpose leaves at least to more urgent ones, and polls to other
#: programs that use the token.
RESERVE_SHARES = {
    Purpose.POLLING: 0.02,
    Purpose.LIVE_LOG: 0.04,
    Purpose.BACKLOG: 0.06,
    Purpose.BACKFILL: 0.06,
}
