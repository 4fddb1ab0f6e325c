"""Finding every attempt that GitHub shows: what is found is in the ledger before it is read.

The unfiltered run list is the truth; the filtered lists, which lag, are hints about runs that sit
deep in it: re-runs keep their first creation time. Nothing here publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial

from ..domain.ledger import RepositoryRecord
from ..domain.runs import WorkflowRun
from ..domain.timestamps import write_timestamp
from ..errors import AccessDenied, IngestError, NotFound, Retriable, Skippable
from ..ports import RunPage, RunQuery
from .context import CollectorContext
from .poll_session import PollSession, can_afford_extra, mark_due, upsert_runs
from .sweep_days import sweep_all_days, sweep_closed_days, sweep_span

#: https://docs.github.com/en/rest/actions/workflow-runs: every status but the last.
OPEN_STATUSES = ("in_progress", "queued", "waiting", "pending", "requested")

#: Through these nearly every re-run passes; the others are asked for where requests are to spare.
PLAIN_STATUSES = OPEN_STATUSES[:2]

#: Hinted runs that are read together; one that cannot be read keeps no others waiting.
HINTS_AT_ONCE = 16

#: GitHub's end of an unfiltered list (40,000) and of a filtered one (1,000), in pages of 100.
MAX_PAGES = 400
MAX_FILTERED_PAGES = 10

#: Runs may enter the list a little late; the walk goes on this far below what it knows.
OVERLAP = timedelta(minutes=10)

#: How often the hints about deep runs, and webhooks that never arrived, are asked for.
HINT_INTERVAL = timedelta(minutes=5)
DELIVERY_INTERVAL = timedelta(hours=1)

#: The grids on which the end of the deep runs moves: the widest that the first page spans.
_DEEP_STEPS = (timedelta(days=1), timedelta(hours=6), timedelta(hours=1), timedelta(minutes=10))
_EPOCH = datetime(2018, 1, 1, tzinfo=timezone.utc)

#: GitHub lists deliveries for 3 days.
DELIVERY_AGE = timedelta(days=3)


def discover_runs(context: CollectorContext, repository: RepositoryRecord) -> PollSession:
    """Look for new and changed runs, and note them in the ledger as due.

    Returns what was seen, with the repository's cursor and validators moved on; the caller saves
    it. Raises what the source raises for the list itself; what was noted until then stays noted.
    """
    poll_session = PollSession(repository=repository, leased_at=context.clock.now())
    return _discover(context, poll_session, _DEEPER_LOOKS)


def discover_all_runs(
    context: CollectorContext, repository: RepositoryRecord, *, since: datetime
) -> PollSession:
    """Look as ``discover_runs`` does, and once since a moment into every corner.

    What has not changed since the last time is still free, but counts by the minute: a tick that a
    limit cuts short is gone on with, not begun again.
    """
    hinted_at = repository.hinted_at
    due = hinted_at is None or hinted_at < since
    asked = replace(repository, hinted_at=None) if due else repository
    poll_session = PollSession(repository=asked, leased_at=context.clock.now(), is_thorough=True)
    sweep = partial(sweep_all_days, since=since)
    return _discover(context, poll_session, (*_DEEPER_LOOKS[:-1], sweep))


def _discover(
    context: CollectorContext,
    poll_session: PollSession,
    looks: Sequence[Callable[[CollectorContext, PollSession], None]],
) -> PollSession:
    walk_run_list(context, poll_session)
    for look_deeper in looks:
        try:
            look_deeper(context, poll_session)
        except (Retriable, Skippable) as error:
            # Hints may wait: what the list has shown is collected all the same.
            poll_session.trouble = error
    return poll_session


def walk_run_list(context: CollectorContext, poll_session: PollSession) -> None:
    """Walk the unfiltered list from its newest run down to what is known.

    The cursor moves only when the walk is whole, so one that was cut short is walked again.
    """
    repository = poll_session.repository
    answer = context.source.fetch_runs(
        repository.full_name, RunQuery(), repository.validators.get("runs")
    )
    poll_session.list_is_fresh = True
    if answer.value is None:
        return
    floor = _walk_floor(repository)
    last = answer.value
    for page in _pages_down_to(context, repository.full_name, answer.value, floor):
        upsert_runs(context, poll_session, page.runs)
        last = page
    oldest = min(_created(last.runs), default=floor)
    if last.has_next and oldest > floor:
        # Past 40,000 runs the list ends before its time; the rest is found day by day.
        sweep_span(context, poll_session, first=floor, last=oldest)
    newest = max(_created(answer.value.runs), default=repository.watched_since)
    poll_session.repository = replace(
        poll_session.repository, cursor=newest, page_floor=_page_floor(answer.value)
    )
    poll_session.keep_validator("runs", answer.validator)


def follow_run_hints(context: CollectorContext, poll_session: PollSession) -> None:
    """Follow the runs that webhooks or people pointed at.

    Of a known run that the list has just shown, only jobs can be news: it is read again, and no
    request is spent on the run itself.
    """
    name = poll_session.repository.full_name
    hints = context.store.load_run_hints(name)
    if not hints:
        return
    shown = {key.run_id for key in poll_session.seen} | mark_due(context, poll_session, hints)
    wanted = [run_id for run_id in hints if run_id not in shown]
    context.store.clear_run_hints(name, {each: hints[each] for each in hints if each in shown})
    # Some at a time: what was followed stays so, whatever the next request meets.
    for start in range(0, len(wanted), HINTS_AT_ONCE):
        portion = wanted[start : start + HINTS_AT_ONCE]
        looks = list(context.workers.map(lambda run_id: _look_up(context, name, run_id), portion))
        upsert_runs(context, poll_session, [look.run for look in looks if look.run is not None])
        answered = [look.run_id for look in looks if look.error is None]
        context.store.clear_run_hints(name, {each: hints[each] for each in answered})
        for look in looks:
            if look.error is not None:
                raise look.error


def ask_for_open_runs(context: CollectorContext, poll_session: PollSession) -> None:
    """Ask now and then for open runs by status: those below the first page, and re-runs of them.

    A list of one page shows them all.
    """
    repository, now = poll_session.repository, context.clock.now()
    floor = repository.page_floor
    if floor is None or not _is_time(context, repository.hinted_at, HINT_INTERVAL):
        return
    statuses = _statuses_to_ask(context, poll_session)
    if not statuses:
        return
    created = f"<={write_timestamp(_deep_end(floor, now))}"
    for status in statuses:
        _ask_by_status(context, poll_session, RunQuery(status=status, created=created))
    poll_session.repository = replace(poll_session.repository, hinted_at=now)


def ask_for_failed_deliveries(context: CollectorContext, poll_session: PollSession) -> None:
    """Follow now and then the runs of webhooks that did not reach us, where the token sees them."""
    repository, now = poll_session.repository, context.clock.now()
    checked_at = repository.deliveries_checked_at
    if not context.collecting.expects_webhooks or not _is_time(
        context, checked_at, DELIVERY_INTERVAL
    ):
        return
    since = max(checked_at or repository.added_at, now - DELIVERY_AGE)
    try:
        runs = context.source.fetch_failed_deliveries(repository.full_name, since=since)
    except (AccessDenied, NotFound):
        # Reading hooks is a right of its own; without it polling and sweeping find these runs.
        runs = set()
    for run_id in runs:
        context.store.save_run_hint(repository.full_name, run_id, now=now)
    poll_session.repository = replace(poll_session.repository, deliveries_checked_at=now)
    follow_run_hints(context, poll_session)


#: What is looked at besides the list, each on its own.
_DEEPER_LOOKS = (
    follow_run_hints,
    ask_for_open_runs,
    ask_for_failed_deliveries,
    sweep_closed_days,
)


def _is_time(context: CollectorContext, last: datetime | None, interval: timedelta) -> bool:
    return last is None or context.clock.now() >= last + interval


def _pages_down_to(
    context: CollectorContext, name: str, first: RunPage, floor: datetime
) -> Iterator[RunPage]:
    page, number = first, 1
    while True:
        yield page
        oldest = min(_created(page.runs), default=None)
        if not page.has_next or number >= MAX_PAGES or (oldest is not None and oldest < floor):
            return
        number += 1
        try:
            answer = context.source.fetch_runs(name, RunQuery(page=number))
        except NotFound:
            # Past 40,000 runs GitHub answers 422; the list ends here.
            return
        if answer.value is None or not answer.value.runs:
            return
        page = answer.value


def _walk_floor(repository: RepositoryRecord) -> datetime:
    """Find down to where the walk must go: the cursor, or the whole watched time at first."""
    if repository.cursor is None:
        return repository.watched_since
    return max(repository.cursor - OVERLAP, repository.watched_since)


def _page_floor(first: RunPage) -> datetime | None:
    """Find the oldest run on the first page; None where the page is the whole list."""
    return min(_created(first.runs), default=None) if first.has_next else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunLookup:
    """Be what came of asking for a run: the run, none where GitHub has none, or an error."""

    run_id: int
    run: WorkflowRun | None = None
    error: IngestError | None = None


def _look_up(context: CollectorContext, name: str, run_id: int) -> _RunLookup:
    """Ask for a run; an error is part of the answer, so that the others' are kept."""
    try:
        return _RunLookup(run_id=run_id, run=context.source.fetch_run(name, run_id).value)
    except NotFound:
        return _RunLookup(run_id=run_id)
    except IngestError as error:
        return _RunLookup(run_id=run_id, error=error)


def _statuses_to_ask(context: CollectorContext, poll_session: PollSession) -> tuple[str, ...]:
    """Choose statuses: first answers are paid for, so they wait for requests to spare."""
    asked = poll_session.repository.validators
    known = tuple(status for status in PLAIN_STATUSES if f"status={status}" in asked)
    if poll_session.is_thorough:
        return OPEN_STATUSES
    if not can_afford_extra(context, poll_session):
        return known
    return OPEN_STATUSES if known else PLAIN_STATUSES


def _deep_end(floor: datetime, now: datetime) -> datetime:
    """Find up to where runs are called deep: all below the first page, and as few more as may be.

    It moves seldom, and what happens on the first page changes no answer, so most are free.
    """
    step = next((step for step in _DEEP_STEPS if step <= now - floor), _DEEP_STEPS[-1])
    return floor + (_EPOCH - floor) % step


def _ask_by_status(context: CollectorContext, poll_session: PollSession, query: RunQuery) -> None:
    name, question = poll_session.repository.full_name, f"status={query.status}"
    validator = poll_session.repository.validators.get(question)
    for number in range(1, MAX_FILTERED_PAGES + 1):
        page = replace(query, page=number)
        try:
            answer = context.source.fetch_runs(name, page, validator if number == 1 else None)
        except NotFound:
            # An older GitHub Enterprise Server does not know every status.
            return
        if answer.value is None:
            # The deep runs in this status are the same as before, and as they were.
            poll_session.unchanged_statuses.add(query.status or "")
            return
        upsert_runs(context, poll_session, answer.value.runs)
        if number == 1:
            poll_session.keep_validator(question, answer.validator)
        if not answer.value.has_next:
            return


def _created(runs: Iterable[WorkflowRun]) -> Iterator[datetime]:
    return (run.created_at for run in runs if run.created_at is not None)
