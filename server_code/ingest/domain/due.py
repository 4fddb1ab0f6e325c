"""Which stored times have come: past ones, and those too far ahead to be right.

A clock that was ahead and is set right leaves times behind that lie further ahead than anything
sets them. They count as past, so that a wrong clock delays nothing longer than its maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: No time is set further ahead than this: about twice what is set, because hosts' clocks differ.
MAX_LEASE = timedelta(minutes=10)
MAX_POLL_DELAY = timedelta(hours=4)
MAX_CHECK_DELAY = timedelta(hours=2)
MAX_PAUSE = timedelta(days=1)

#: A time of the past that lies further ahead than the clocks of two hosts differ was set before a
#: clock was set back: what was planned then is due.
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)

#: No event is published later than two polls. What is not requested at each poll is requested this
#: long before two are over, so that it is read and published by then.
READ_TIME = timedelta(seconds=1.5)

#: What a webhook or a person asks for counts as due for this long, so it comes before all else.
HEAD_START = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DueTimes:
    """The stored times that have come at ``now``.

    They are those up to ``now``, and those after ``latest``, which only a wrong clock can have set.
    """

    now: datetime
    latest: datetime

    def includes(self, moment: datetime | None) -> bool:
        """Return whether a stored time has come; one that is not set has."""
        return moment is None or moment <= self.now or moment > self.latest


def longest_gap(poll_seconds: float) -> timedelta:
    """Return how long after one request the next is sent, so that no event is later than two polls.

    Of very short polls at least one and a half pass.
    """
    poll = timedelta(seconds=poll_seconds)
    return max(2 * poll - READ_TIME, 1.5 * poll)


def polls_due(now: datetime) -> DueTimes:
    """Return the polls that are due."""
    return DueTimes(now, now + MAX_POLL_DELAY)


def urgent_due_at(now: datetime) -> datetime:
    """Return the due time of a poll that comes before those of every other repository."""
    return now - HEAD_START


def is_urgent(now: datetime, due_since: datetime | None) -> bool:
    """Return whether a poll is due as what a webhook or a person asks for is."""
    return due_since is not None and due_since <= urgent_due_at(now)


def expired_leases(now: datetime) -> DueTimes:
    """Return the leases that have run out."""
    return DueTimes(now, now + MAX_LEASE)


def is_due(
    now: datetime,
    *,
    next_poll_at: datetime | None,
    last_polled_at: datetime | None,
    lease_until: datetime | None,
) -> bool:
    """Return whether a repository that is not paused may be claimed.

    One that has no next poll is new, or its holder died before it was released.
    """
    is_poll_due = polls_due(now).includes(next_poll_at) or is_ahead(last_polled_at, now)
    return is_poll_due and expired_leases(now).includes(lease_until)


def is_ahead(done_at: datetime | None, now: datetime) -> bool:
    """Return whether something was done by a clock that has been set back since."""
    return done_at is not None and done_at > now + MAX_CLOCK_DIFFERENCE


def checks_due(now: datetime) -> DueTimes:
    """Return the checks of attempts that are due."""
    return DueTimes(now, now + MAX_CHECK_DELAY)


def ended_pauses(now: datetime) -> DueTimes:
    """Return the pauses that are over."""
    return DueTimes(now, now + MAX_PAUSE)


def is_longer_pause(until: datetime, known: datetime) -> bool:
    """Return whether a pause replaces the stored one: a longer one does, and one to be believed."""
    return known < until or known > until + MAX_PAUSE


def is_interval_over(last: datetime | None, interval: timedelta, now: datetime) -> bool:
    """Return whether what was last done at ``last`` is due; a time in the future is no time."""
    return last is None or last > now or now >= last + interval


def is_still_ahead(moment: datetime, now: datetime, *, at_most: timedelta) -> bool:
    """Return whether a moment of this process is to be waited for.

    One that lies further ahead than it was set was set before the clock was set back.
    """
    return now < moment <= now + at_most
