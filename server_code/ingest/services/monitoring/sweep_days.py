"""Sweep past days for re-runs, which keep their place deep in the run list.

Once a day every past day is requested by ``created=``, in windows with fixed bounds, so that
windows in which nothing has changed answer 304 and cost nothing. A window with more runs than one
page is halved. So the count of each page shows that it is complete, and the end of filtered lists
(1,000 runs) is never reached. A window of one second cannot be halved; its further pages are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ...domain.ledger import RepositoryRecord
from ...domain.repository_progress import DaySweep
from ...domain.runs import WorkflowRun
from ...domain.timestamps import format_timestamp
from ...errors import RequestFailed
from ...ports import RunQuery
from ...settings import RUN_MUTABLE_DAYS
from ..context import CollectorContext
from .open_runs import save_more_pages
from .poll_session import PollSession
from .save_runs import upsert_runs

RUN_MUTABLE_FOR = timedelta(days=RUN_MUTABLE_DAYS)

#: Windows that one poll requests, so that a sweep does not delay new runs. Windows of less than a
#: day are requested with their day.
WINDOWS_PER_POLL = 8

#: The largest window in days. Smaller ones are repeated halves of it; all begin at multiples of
#: their size, counted from a fixed day.
LARGEST_WINDOW_DAYS = 32

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_FIRST_DAY = datetime(2018, 1, 1, tzinfo=timezone.utc)
_CREATED_PREFIX = "created="

#: Stored in place of a validator for a window that must be halved.
_HALVED = "halved"


@dataclass(frozen=True, slots=True)
class CreationWindow:
    """A span of creation times in whole seconds, ``last`` included."""

    first: datetime
    last: datetime

    @property
    def created_range(self) -> str:
        """Return the window in GitHub's search syntax."""
        return f"{format_timestamp(self.first)}..{format_timestamp(self.last)}"

    @property
    def days(self) -> int:
        """Return the number of whole days; 0 for less than one."""
        return (self.last + _SECOND - self.first) // _DAY

    def holds(self, run: WorkflowRun) -> bool:
        """Return whether a run was created in the window; one without a time may have been."""
        return run.created_at is None or self.first <= run.created_at < self.last + _SECOND

    def halves(self) -> tuple[CreationWindow, CreationWindow]:
        """Return both halves; days stay whole while there are several."""
        seconds = int((self.last - self.first).total_seconds()) + 1
        middle = self.first + timedelta(seconds=seconds // 2)
        return CreationWindow(self.first, middle - _SECOND), CreationWindow(middle, self.last)

    def day_before(self) -> CreationWindow:
        """Return the day before the window."""
        return CreationWindow(self.first - _DAY, self.first - _SECOND)


def sweep_past_days(context: CollectorContext, poll_session: PollSession) -> None:
    """Continue today's sweep by a few windows, while there are requests to spare."""
    repository, now = poll_session.repository, context.clock.now()
    if repository.run_lists.oldest_on_first_page is None:
        # A list of one page shows everything at every poll.
        return
    today = _midnight(now)
    if repository.sweep.began_at is None or _midnight(repository.sweep.began_at) != today:
        _begin_sweep(poll_session, now, start=today - RUN_MUTABLE_FOR)
    for _ in range(WINDOWS_PER_POLL):
        window = _next_window(poll_session, today)
        if window is None or not context.github.can_afford_extra(repository.full_name):
            return
        if not poll_session.should_continue():
            return
        _sweep(context, poll_session, window, today)


def sweep_all_days(
    context: CollectorContext, poll_session: PollSession, *, since: datetime
) -> None:
    """Complete a sweep that began after ``since``, today included, or continue it.

    The next poll continues it at a day that was left out.
    """
    repository = poll_session.repository
    if repository.run_lists.oldest_on_first_page is None:
        return
    now = context.clock.now()
    tomorrow = _midnight(now) + _DAY
    if repository.sweep.began_at is None or repository.sweep.began_at < since:
        _begin_sweep(poll_session, now, start=tomorrow - RUN_MUTABLE_FOR)
    left_out: list[CreationWindow] = []
    while poll_session.should_continue():
        window = _next_window(poll_session, tomorrow)
        if window is None:
            if left_out:
                _continue_at(poll_session, left_out[0].first)
            return
        left_out += _sweep(context, poll_session, window, tomorrow)


def sweep_progress(repository: RepositoryRecord) -> tuple[object, ...]:
    """Return what changes whenever a sweep advances: its place and the validators of its windows.

    The validators of other lists change by themselves while runs are in progress.
    """
    known = {
        list_name: validator
        for list_name, validator in repository.run_lists.validators.items()
        if list_name.startswith(_CREATED_PREFIX)
    }
    return repository.sweep.began_at, repository.sweep.continues_at, known


def sweep_span(
    context: CollectorContext, poll_session: PollSession, *, first: datetime, last: datetime
) -> Iterator[datetime]:
    """Request everything that was created in a span, newest day first; yield each finished day.

    After a day without runs, the next day is the newest one with runs: a span of all years has
    thousands of days from before the repository was created.
    """
    day, first_day = _midnight(last), _midnight(first)
    while day >= first_day and poll_session.should_continue():
        seen = len(poll_session.seen_attempts)
        for _ in _request(context, poll_session, CreationWindow(day, day + _DAY - _SECOND)):
            pass
        yield day
        is_empty = len(poll_session.seen_attempts) == seen and not poll_session.ignores_created
        if is_empty and day > first_day:
            day = _newest_day(context, poll_session, CreationWindow(first_day, day - _SECOND))
        else:
            day -= _DAY


def _newest_day(
    context: CollectorContext, poll_session: PollSession, window: CreationWindow
) -> datetime:
    """Return the newest day of a window on which a run was created; its first day without any."""
    query = RunQuery(created=window.created_range)
    page = context.github.fetch_runs(poll_session.repository.full_name, query).value
    if page is not None and not page.runs and page.total_count == 0:
        return window.first
    times = (run.created_at for run in page.runs if window.holds(run)) if page else ()
    return _midnight(max(filter(None, times), default=window.last))


def _begin_sweep(poll_session: PollSession, now: datetime, *, start: datetime) -> None:
    """Begin at the oldest day that may change, and remove the validators of older ones."""
    oldest = str(format_timestamp(start))
    for list_name in list(poll_session.repository.run_lists.validators):
        if list_name.startswith(_CREATED_PREFIX) and list_name.split("..")[-1] < oldest:
            poll_session.set_validator(list_name, None)
    sweep = DaySweep(began_at=now, continues_at=start)
    poll_session.repository = replace(poll_session.repository, sweep=sweep)


def _sweep(
    context: CollectorContext, poll_session: PollSession, window: CreationWindow, end: datetime
) -> list[CreationWindow]:
    """Request a window, and save behind which part the sweep continues; return what is left out.

    A sweep to ``end`` that a limit or a failure interrupts continues there. A day that GitHub fails
    to answer while it answers the one before is left out, so that it holds up none behind it.
    """
    try:
        for part in _request(
            context, poll_session, window, after=poll_session.repository.sweep.continues_at
        ):
            _continue_at(poll_session, end if poll_session.ignores_created else part.last + _SECOND)
    except RequestFailed as error:
        if not _is_answered(context, poll_session, window.day_before()):
            raise
        if window.days > 1:
            return [
                left_out
                for half in window.halves()
                if poll_session.should_continue()
                for left_out in _sweep(context, poll_session, half, end)
            ]
        poll_session.note_failure(error)
        _continue_at(poll_session, window.last + _SECOND)
        return [window]
    return []


def _continue_at(poll_session: PollSession, moment: datetime) -> None:
    sweep = replace(poll_session.repository.sweep, continues_at=moment)
    poll_session.repository = replace(poll_session.repository, sweep=sweep)


def _is_answered(
    context: CollectorContext, poll_session: PollSession, window: CreationWindow
) -> bool:
    """Request a window, and return whether GitHub answered."""
    try:
        _fetch_window(context, poll_session, window)
    except RequestFailed:
        return False
    return True


def _next_window(poll_session: PollSession, end: datetime) -> CreationWindow | None:
    """Return what to request next: the largest window on the fixed grid that need not be halved.

    It ends by ``end``; None if the sweep is over.
    """
    day = _midnight(poll_session.repository.sweep.continues_at or end)
    if day >= end:
        return None
    size, number = LARGEST_WINDOW_DAYS, (day - _FIRST_DAY) // _DAY
    while number % size or day + size * _DAY > end:
        size //= 2
    window = CreationWindow(day, day + size * _DAY - _SECOND)
    while window.days > 1 and _is_halved(poll_session, window):
        window = window.halves()[0]
    return window


def _is_halved(poll_session: PollSession, window: CreationWindow) -> bool:
    validators = poll_session.repository.run_lists.validators
    return validators.get(_CREATED_PREFIX + window.created_range) == _HALVED


def _request(
    context: CollectorContext,
    poll_session: PollSession,
    window: CreationWindow,
    *,
    after: datetime | None = None,
) -> Iterator[CreationWindow]:
    """Request a window that ends after a moment; yield each part of it that is complete.

    A window of several days that must be halved yields nothing: its halves are requested next.
    """
    if after is not None and window.last < after:
        return
    if poll_session.ignores_created:
        yield window
        return
    if _is_halved(poll_session, window) or not _fetch_window(context, poll_session, window):
        for half in window.halves() if window.days <= 1 else ():
            yield from _request(context, poll_session, half, after=after)
        return
    yield window


def _fetch_window(
    context: CollectorContext, poll_session: PollSession, window: CreationWindow
) -> bool:
    """Save a window's runs; return False if the window must be halved, which is remembered."""
    list_name = _CREATED_PREFIX + window.created_range
    validator = poll_session.repository.run_lists.validators.get(list_name)
    query = RunQuery(created=window.created_range)
    answer = context.github.fetch_runs(poll_session.repository.full_name, query, validator)
    page = answer.value
    if page is None:
        return True
    upsert_runs(context, poll_session, page.runs)
    if page.runs and not any(window.holds(run) for run in page.runs):
        # The server ignores the filter, so each window has the same runs: their pages are read
        # once.
        poll_session.ignores_created = True
        poll_session.has_unread_pages |= not save_more_pages(context, poll_session, query)
        return True
    if page.has_next and window.first < window.last:
        poll_session.set_validator(list_name, _HALVED)
        return False
    if page.has_next:
        # A window of one second cannot be halved.
        poll_session.has_unread_pages |= not save_more_pages(context, poll_session, query)
    # A window with fewer runs than its count, or with several pages, gets no validator: the next
    # sweep requests it again.
    is_complete = len(page.runs) >= page.total_count and not page.has_next
    poll_session.set_validator(list_name, answer.validator if is_complete else None)
    return True


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
