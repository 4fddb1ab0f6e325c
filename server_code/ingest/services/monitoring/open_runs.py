"""Request open runs below the first page of the run list by their status.

A re-run keeps its first creation time, so it may be anywhere in the list. The filtered lists lag
behind the list itself: they only add runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

from ...domain.due import MAX_CHECK_DELAY, is_interval_over
from ...domain.ledger import AttemptRecord, RepositoryRecord
from ...domain.timestamps import format_timestamp
from ...errors import NotFound
from ...ports import RunQuery
from ...ports.github import MAX_FILTERED_RUN_PAGES
from ..context import CollectorContext
from .poll_session import PollSession
from .save_runs import upsert_runs

#: https://docs.github.com/en/rest/actions/workflow-runs: every status of a run that has not ended.
OPEN_STATUSES = ("in_progress", "queued", "waiting", "pending", "requested")

#: Nearly every re-run passes through these. They are requested with every poll, others less often.
COMMON_STATUSES = OPEN_STATUSES[:2]
RARE_STATUSES_INTERVAL = timedelta(minutes=5)

#: How many attempts, the oldest first, are compared with a list that has changed.
MAX_COMPARED = 100

#: Deep runs are those below the first page of the list; they are requested up to a creation time
#: that is rounded to one of these steps.
_DEEP_STEPS = (timedelta(days=1), timedelta(hours=6), timedelta(hours=1), timedelta(minutes=10))
_EPOCH = datetime(2018, 1, 1, tzinfo=timezone.utc)


def find_open_runs(context: CollectorContext, poll_session: PollSession) -> None:
    """Request open runs by status: those below the first page, re-runs among them.

    Nothing is requested if the list has one page, which shows them all. Unchanged answers are free.
    """
    repository, now = poll_session.repository, context.clock.now()
    oldest = repository.run_lists.oldest_on_first_page
    if oldest is None:
        return
    # Less often if the limit per minute is short.
    rare_interval = RARE_STATUSES_INTERVAL * context.github.minute_interval_factor(
        repository.full_name
    )
    includes_rare = is_interval_over(
        repository.run_lists.status_lists_requested_at, rare_interval, now
    )
    created = f"<={format_timestamp(_end_of_deep_runs(oldest, now))}"
    for status in _statuses_to_request(context, poll_session, includes_rare=includes_rare):
        if not poll_session.should_continue():
            return
        _request_by_status(context, poll_session, RunQuery(status=status, created=created))
    if includes_rare:
        lists = replace(poll_session.repository.run_lists, status_lists_requested_at=now)
        poll_session.repository = replace(poll_session.repository, run_lists=lists)


def requests_per_poll(repository: RepositoryRecord, seconds: float) -> float:
    """Return how many requests for lists of runs a poll sends, if polled every so many seconds.

    Requests that are sent only while the limit per minute has headroom are not counted.
    """
    if repository.run_lists.oldest_on_first_page is None:
        return 1.0
    return 1.0 + len(OPEN_STATUSES) * min(seconds / RARE_STATUSES_INTERVAL.total_seconds(), 1.0)


def remove_status_validators(poll_session: PollSession) -> None:
    """Remove the validators of the lists by status, so that the next answers are complete."""
    for status in OPEN_STATUSES:
        poll_session.set_validator(_list_name(status), None)


def _list_name(status: str | None) -> str:
    return f"status={status}"


def _statuses_to_request(
    context: CollectorContext, poll_session: PollSession, *, includes_rare: bool
) -> tuple[str, ...]:
    """Return the statuses to request; a first answer is charged, so it waits for headroom."""
    if poll_session.belongs_to_collection:
        return OPEN_STATUSES if includes_rare else ()
    statuses = OPEN_STATUSES if includes_rare else COMMON_STATUSES
    name, known = poll_session.repository.full_name, poll_session.repository.run_lists.validators
    if not includes_rare and not context.github.has_minute_headroom(name):
        return ()
    if context.github.can_afford_extra(name):
        return statuses
    return tuple(status for status in statuses if _list_name(status) in known)


def _end_of_deep_runs(oldest: datetime, now: datetime) -> datetime:
    """Return a time just after the oldest run of the first page, rounded up to a whole step.

    It moves seldom, so that most answers are unchanged and free. The step is the longest that the
    first page spans.
    """
    step = next((step for step in _DEEP_STEPS if step <= now - oldest), _DEEP_STEPS[-1])
    return oldest + (_EPOCH - oldest) % step


def _request_by_status(
    context: CollectorContext, poll_session: PollSession, query: RunQuery
) -> None:
    name, list_name = poll_session.repository.full_name, _list_name(query.status)
    validator = poll_session.repository.run_lists.validators.get(list_name)
    try:
        answer = context.github.fetch_runs(name, query, validator)
        if answer.value is None:
            # The deep runs in this status are the same as before.
            poll_session.unchanged_statuses.add(query.status or "")
            return
        upsert_runs(context, poll_session, answer.value.runs)
        is_whole = not answer.value.has_next or save_more_pages(context, poll_session, query)
    except NotFound:
        # An older GitHub Enterprise Server does not have every status.
        return
    if is_whole:
        make_missing_due(context, poll_session, partial(_has_status, query.status))
    # Last: after a failure, the next answer is to be complete again.
    poll_session.set_validator(list_name, answer.validator)


def save_more_pages(context: CollectorContext, poll_session: PollSession, query: RunQuery) -> bool:
    """Save the runs after the first page of a filtered list; return whether it was read whole."""
    for number in range(2, MAX_FILTERED_RUN_PAGES + 1):
        page = context.github.fetch_runs(
            poll_session.repository.full_name, replace(query, page=number)
        ).value
        if page is not None:
            upsert_runs(context, poll_session, page.runs)
        if page is None or not page.has_next:
            return True
    return False


def make_missing_due(
    context: CollectorContext,
    poll_session: PollSession,
    belongs_to_list: Callable[[AttemptRecord], bool],
) -> None:
    """Make the open attempts due that a list which has changed does not show any more.

    As long as later answers for this list are "unchanged", its attempts count as unchanged. These
    have left it, or their runs were deleted, so they are read. Those that fail have their own time.
    """
    name, now = poll_session.repository.full_name, context.clock.now()
    scheduled = context.store.load_due_attempts(name, now=now + MAX_CHECK_DELAY, limit=MAX_COMPARED)
    missing = [
        replace(record, next_check_at=now)
        for record in scheduled
        if record.run is not None
        and not (record.is_run_completed or record.failed_reads)
        and belongs_to_list(record)
        and not poll_session.is_current(record)
    ]
    context.store.save_attempts(missing)


def _has_status(status: str | None, record: AttemptRecord) -> bool:
    return record.run is not None and record.run.status == status
