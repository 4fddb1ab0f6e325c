"""Which stored times have come: past times, and times that are too far ahead to be right.

If the clock was ahead and has been corrected, stored times are further in the future than any time
that is set. They count as past, so that a wrong clock delays nothing for longer than the maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: No time is set further ahead than these. They are about twice what is set, because the clocks of
#: hosts differ.
MAX_LEASE = timedelta(minutes=10)
MAX_POLL_DELAY = timedelta(hours=4)
MAX_CHECK_DELAY = timedelta(hours=2)
MAX_PAUSE = timedelta(days=1)

#: The clocks of two hosts differ by less. If something was done further in the future than this,
#: the clock was set back since, and what was planned then is due.
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)

#: How long it takes to read a list and publish it.
READ_TIME = timedelta(seconds=1.5)

#: A poll that a webhook or a person asks for counts as overdue by this time, so that it comes
#: first.
HEAD_START = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DueTimes:
    """A test of which stored times have come at ``now``.

    Times up to ``now`` have come, and so have times after ``latest_plausible``, which only a wrong
    clock sets.
    """

    now: datetime
    latest_plausible: datetime

    def includes(self, moment: datetime | None) -> bool:
        """Return whether a stored time has come; a time that is not set has come, too."""
        return moment is None or moment <= self.now or moment > self.latest_plausible


def max_request_interval(poll_seconds: float) -> timedelta:
    """Return the longest time between two requests of a list: a little less than two polls.

    So every event is published within two polls after it happened. With very short polls, the time
    is one and a half polls.
    """
    poll = timedelta(seconds=poll_seconds)
    return max(2 * poll - READ_TIME, 1.5 * poll)


def due_poll_times(now: datetime) -> DueTimes:
    """Return the test of whether a next poll is due."""
    return DueTimes(now, now + MAX_POLL_DELAY)


def urgent_due_at(now: datetime) -> datetime:
    """Return a due time so long ago that the poll comes before those of all other repositories."""
    return now - HEAD_START


def is_urgent(now: datetime, next_poll_at: datetime | None) -> bool:
    """Return whether the due time of a poll was set by ``urgent_due_at``."""
    return next_poll_at is not None and next_poll_at <= urgent_due_at(now)


def due_since(now: datetime, next_poll_at: datetime) -> datetime:
    """Return since when a poll is due, without the head start of an urgent one."""
    return next_poll_at + HEAD_START if is_urgent(now, next_poll_at) else next_poll_at


def expired_lease_times(now: datetime) -> DueTimes:
    """Return the test of whether a lease has expired."""
    return DueTimes(now, now + MAX_LEASE)


def is_repository_due(
    now: datetime,
    *,
    next_poll_at: datetime | None,
    last_polled_at: datetime | None,
    lease_until: datetime | None,
) -> bool:
    """Return whether a repository that is not paused may be claimed.

    A repository without a next poll is new, or the process that claimed it has died.
    """
    is_poll_due = due_poll_times(now).includes(next_poll_at) or is_in_future(last_polled_at, now)
    return is_poll_due and expired_lease_times(now).includes(lease_until)


def is_in_future(done_at: datetime | None, now: datetime) -> bool:
    """Return whether a past action has a time in the future: the clock was set back since."""
    return done_at is not None and done_at > now + MAX_CLOCK_DIFFERENCE


def due_check_times(now: datetime) -> DueTimes:
    """Return the test of whether an attempt is due to be read again."""
    return DueTimes(now, now + MAX_CHECK_DELAY)


def ended_pause_times(now: datetime) -> DueTimes:
    """Return the test of whether a rate-limit pause is over."""
    return DueTimes(now, now + MAX_PAUSE)


def is_longer_pause(until: datetime, known: datetime) -> bool:
    """Return whether a pause replaces the stored one, which is shorter or implausibly long."""
    return known < until or known > until + MAX_PAUSE


def is_interval_over(done_at: datetime | None, interval: timedelta, now: datetime) -> bool:
    """Return whether it is time again: never done, done an interval ago, or in the future."""
    return done_at is None or done_at > now or now >= done_at + interval


def is_still_ahead(moment: datetime, now: datetime, *, max_plausible: timedelta) -> bool:
    """Return whether a moment is in the future and must be waited for.

    A moment further ahead than ``max_plausible`` was set before the clock was set back, and is not
    waited for.
    """
    return now < moment <= now + max_plausible
