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
from .sighting import Sighting, has_plenty, look_again, note_runs
from .sweep_days import sweep_all_days, sweep_closed_days, sweep_span
from .world import World

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


def discover_runs(world: World, repository: RepositoryRecord) -> Sighting:
    """Look for new and changed runs, and note them in the ledger as due.

    Returns what was seen, with the repository's cursor and validators moved on; the caller saves
    it. Raises what the source raises for the list itself; what was noted until then stays noted.
    """
    sighting = Sighting(repository=repository, leased_at=world.clock.now())
    return _discover(world, sighting, _DEEPER_LOOKS)


def discover_all_runs(world: World, repository: RepositoryRecord, *, since: datetime) -> Sighting:
    """Look as ``discover_runs`` does, and once since a moment into every corner.

    What has not changed since the last time is still free, but counts by the minute: a tick that a
    limit cuts short is gone on with, not begun again.
    """
    hinted_at = repository.hinted_at
    due = hinted_at is None or hinted_at < since
    asked = replace(repository, hinted_at=None) if due else repository
    sighting = Sighting(repository=asked, leased_at=world.clock.now(), is_thorough=True)
    sweep = partial(sweep_all_days, since=since)
    return _discover(world, sighting, (*_DEEPER_LOOKS[:-1], sweep))


def _discover(
    world: World, sighting: Sighting, looks: Sequence[Callable[[World, Sighting], None]]
) -> Sighting:
    walk_run_list(world, sighting)
    for look_deeper in looks:
        try:
            look_deeper(world, sighting)
        except (Retriable, Skippable) as error:
            # Hints may wait: what the list has shown is collected all the same.
            sighting.trouble = error
    return sighting


def walk_run_list(world: World, sighting: Sighting) -> None:
    """Walk the unfiltered list from its newest run down to what is known.

    The cursor moves only when the walk is whole, so one that was cut short is walked again.
    """
    repository = sighting.repository
    answer = world.source.fetch_runs(
        repository.full_name, RunQuery(), repository.validators.get("runs")
    )
    sighting.list_is_fresh = True
    if answer.value is None:
        return
    floor = _walk_floor(repository)
    last = answer.value
    for page in _pages_down_to(world, repository.full_name, answer.value, floor):
        note_runs(world, sighting, page.runs)
        last = page
    oldest = min(_created(last.runs), default=floor)
    if last.has_next and oldest > floor:
        # Past 40,000 runs the list ends before its time; the rest is found day by day.
        sweep_span(world, sighting, first=floor, last=oldest)
    newest = max(_created(answer.value.runs), default=repository.watched_since)
    sighting.repository = replace(
        sighting.repository, cursor=newest, page_floor=_page_floor(answer.value)
    )
    sighting.keep_validator("runs", answer.validator)


def follow_run_hints(world: World, sighting: Sighting) -> None:
    """Follow the runs that webhooks or people pointed at.

    Of a known run that the list has just shown, only jobs can be news: it is read again, and no
    request is spent on the run itself.
    """
    name = sighting.repository.full_name
    hints = world.store.load_run_hints(name)
    if not hints:
        return
    shown = {key.run_id for key in sighting.seen} | look_again(world, sighting, hints)
    wanted = [run_id for run_id in hints if run_id not in shown]
    world.store.clear_run_hints(name, {each: hints[each] for each in hints if each in shown})
    # Some at a time: what was followed stays so, whatever the next request meets.
    for start in range(0, len(wanted), HINTS_AT_ONCE):
        portion = wanted[start : start + HINTS_AT_ONCE]
        looks = list(world.workers.map(lambda run_id: _look_up(world, name, run_id), portion))
        note_runs(world, sighting, [look.run for look in looks if look.run is not None])
        answered = [look.run_id for look in looks if look.error is None]
        world.store.clear_run_hints(name, {each: hints[each] for each in answered})
        for look in looks:
            if look.error is not None:
                raise look.error


def ask_for_open_runs(world: World, sighting: Sighting) -> None:
    """Ask now and then for open runs by status: those below the first page, and re-runs of them.

    A list of one page shows them all.
    """
    repository, now = sighting.repository, world.clock.now()
    floor = repository.page_floor
    if floor is None or not _is_time(world, repository.hinted_at, HINT_INTERVAL):
        return
    statuses = _statuses_to_ask(world, sighting)
    if not statuses:
        return
    created = f"<={write_timestamp(_deep_end(floor, now))}"
    for status in statuses:
        _ask_by_status(world, sighting, RunQuery(status=status, created=created))
    sighting.repository = replace(sighting.repository, hinted_at=now)


def ask_for_failed_deliveries(world: World, sighting: Sighting) -> None:
    """Follow now and then the runs of webhooks that did not reach us, where the token sees them."""
    repository, now = sighting.repository, world.clock.now()
    checked_at = repository.deliveries_checked_at
    if not world.collecting.expects_webhooks or not _is_time(world, checked_at, DELIVERY_INTERVAL):
        return
    since = max(checked_at or repository.added_at, now - DELIVERY_AGE)
    try:
        runs = world.source.fetch_failed_deliveries(repository.full_name, since=since)
    except (AccessDenied, NotFound):
        # Reading hooks is a right of its own; without it polling and sweeping find these runs.
        runs = set()
    for run_id in runs:
        world.store.save_run_hint(repository.full_name, run_id, now=now)
    sighting.repository = replace(sighting.repository, deliveries_checked_at=now)
    follow_run_hints(world, sighting)


#: What is looked at besides the list, each on its own.
_DEEPER_LOOKS = (
    follow_run_hints,
    ask_for_open_runs,
    ask_for_failed_deliveries,
    sweep_closed_days,
)


def _is_time(world: World, last: datetime | None, interval: timedelta) -> bool:
    return last is None or world.clock.now() >= last + interval


def _pages_down_to(world: World, name: str, first: RunPage, floor: datetime) -> Iterator[RunPage]:
    page, number = first, 1
    while True:
        yield page
        oldest = min(_created(page.runs), default=None)
        if not page.has_next or number >= MAX_PAGES or (oldest is not None and oldest < floor):
            return
        number += 1
        try:
            answer = world.source.fetch_runs(name, RunQuery(page=number))
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
class _Look:
    """Be what came of asking for a run: the run, none where GitHub has none, or an error."""

    run_id: int
    run: WorkflowRun | None = None
    error: IngestError | None = None


def _look_up(world: World, name: str, run_id: int) -> _Look:
    """Ask for a run; an error is part of the answer, so that the others' are kept."""
    try:
        return _Look(run_id=run_id, run=world.source.fetch_run(name, run_id).value)
    except NotFound:
        return _Look(run_id=run_id)
    except IngestError as error:
        return _Look(run_id=run_id, error=error)


def _statuses_to_ask(world: World, sighting: Sighting) -> tuple[str, ...]:
    """Choose statuses: first answers are paid for, so they wait for requests to spare."""
    asked = sighting.repository.validators
    known = tuple(status for status in PLAIN_STATUSES if f"status={status}" in asked)
    if sighting.is_thorough:
        return OPEN_STATUSES
    if not has_plenty(world, sighting):
        return known
    return OPEN_STATUSES if known else PLAIN_STATUSES


def _deep_end(floor: datetime, now: datetime) -> datetime:
    """Find up to where runs are called deep: all below the first page, and as few more as may be.

    It moves seldom, and what happens on the first page changes no answer, so most are free.
    """
    step = next((step for step in _DEEP_STEPS if step <= now - floor), _DEEP_STEPS[-1])
    return floor + (_EPOCH - floor) % step


def _ask_by_status(world: World, sighting: Sighting, query: RunQuery) -> None:
    name, question = sighting.repository.full_name, f"status={query.status}"
    validator = sighting.repository.validators.get(question)
    for number in range(1, MAX_FILTERED_PAGES + 1):
        page = replace(query, page=number)
        try:
            answer = world.source.fetch_runs(name, page, validator if number == 1 else None)
        except NotFound:
            # An older GitHub Enterprise Server does not know every status.
            return
        if answer.value is None:
            # The deep runs in this status are the same as before, and as they were.
            sighting.unchanged_statuses.add(query.status or "")
            return
        note_runs(world, sighting, answer.value.runs)
        if number == 1:
            sighting.keep_validator(question, answer.validator)
        if not answer.value.has_next:
            return


def _created(runs: Iterable[WorkflowRun]) -> Iterator[datetime]:
    return (run.created_at for run in runs if run.created_at is not None)
