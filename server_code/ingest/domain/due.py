"""Which stored times have come: past ones, and those too far ahead to be right.

A clock that was ahead and is corrected leaves stored times further in the future than anything sets
them. These count as past, so that a wrong clock delays nothing longer than the maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: No time is set further ahead than this: about twice what is set, because hosts' clocks differ.
MAX_LEASE = timedelta(minutes=10)
MAX_POLL_DELAY = timedelta(hours=4)
MAX_CHECK_DELAY = timedelta(hours=2)
MAX_PAUSE = timedelta(days=1)

#: The clocks of two hosts differ by less. If something was done further in the future than this, a
#: clock has been set back since, and what was planned then is due.
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)

#: How long it takes to read a list and publish it.
READ_TIME = timedelta(seconds=1.5)

#: What a webhook or a person asks for counts as due since so long ago that it comes first.
HEAD_START = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DueTimes:
    """A test of stored times: which have come at ``now``.

    Those up to ``now`` have, and those after ``latest_plausible``: only a wrong clock sets them.
    """

    now: datetime
    latest_plausible: datetime

    def includes(self, moment: datetime | None) -> bool:
        """Return whether a stored time has come; one that is not set has."""
        return moment is None or moment <= self.now or moment > self.latest_plausible


def max_request_interval(poll_seconds: float) -> timedelta:
    """Return the time between two requests of a list, a little less than two polls.

    So no event is published later than two polls after it happened. It is at least one and a half
    polls, where these are very short.
    """
    poll = timedelta(seconds=poll_seconds)
    return max(2 * poll - READ_TIME, 1.5 * poll)


def due_poll_times(now: datetime) -> DueTimes:
    """Return the test of whether a next poll is due."""
    return DueTimes(now, now + MAX_POLL_DELAY)


def urgent_due_at(now: datetime) -> datetime:
    """Return a due time so long ago that the poll comes before those of all other repositories."""
    return now - HEAD_START


def is_urgent(now: datetime, due_since: datetime | None) -> bool:
    """Return whether a poll has a due time that ``urgent_due_at`` gave it."""
    return due_since is not None and due_since <= urgent_due_at(now)


def expired_lease_times(now: datetime) -> DueTimes:
    """Return the test of whether a lease has expired."""
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
    is_poll_due = due_poll_times(now).includes(next_poll_at) or is_in_future(last_polled_at, now)
    return is_poll_due and expired_lease_times(now).includes(lease_until)


def is_in_future(done_at: datetime | None, now: datetime) -> bool:
    """Return whether something was done by a clock that has been set back since."""
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


def is_interval_over(last: datetime | None, interval: timedelta, now: datetime) -> bool:
    """Return whether it is time again: never done, done an interval ago, or in the future."""
    return last is None or last > now or now >= last + interval


def is_still_ahead(moment: datetime, now: datetime, *, max_plausible: timedelta) -> bool:
    """Return whether a moment is to be waited for.

    Nothing sets one further ahead than ``max_plausible``, unless the clock was set back since: that
    one is not waited for.
    """
    return now < moment <= now + max_plausible
