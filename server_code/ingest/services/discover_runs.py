"""Finding every attempt that GitHub shows: what is found is in the ledger before it is read.

The unfiltered run list is the truth; the filtered lists, which lag, are hints about runs that sit
deep in it: re-runs keep their first creation time. Nothing here publishes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..domain.ledger import AttemptRecord, RepositoryRecord
from ..domain.runs import AttemptKey, WorkflowRun
from ..errors import NotFound
from ..ports import RunPage, RunQuery
from .world import World

#: https://docs.github.com/en/rest/actions/workflow-runs: every status but the last.
OPEN_STATUSES = ("in_progress", "queued", "waiting", "pending", "requested")

#: GitHub's end of an unfiltered list (40,000) and of a filtered one (1,000), in pages of 100.
MAX_PAGES = 400
MAX_FILTERED_PAGES = 10

#: Runs may enter the list a little late; the walk goes on this far below what it knows.
OVERLAP = timedelta(minutes=10)

#: How often the hints about deep runs are asked for.
HINT_INTERVAL = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Sighting:
    """Be what one tick has seen of a repository: which attempts need no second look by id."""

    repository: RepositoryRecord
    seen: set[AttemptKey] = field(default_factory=set)
    list_is_fresh: bool = False
    found: int = 0

    def covers(self, record: AttemptRecord) -> bool:
        """Tell whether the ledger's sight of an attempt is as new as this tick."""
        floor = self.repository.page_floor
        on_first_page = floor is None or record.created_at >= floor
        return record.key in self.seen or (self.list_is_fresh and on_first_page)


def discover_runs(world: World, repository: RepositoryRecord) -> Sighting:
    """Look for new and changed runs, and note them in the ledger as due.

    Returns what was seen, with the repository's cursor and validators moved on; the caller saves
    it. Raises what the source raises; what was noted until then stays noted.
    """
    sighting = Sighting(repository=repository)
    walk_run_list(world, sighting)
    follow_run_hints(world, sighting)
    if wants_status_hints(world, sighting):
        ask_for_open_runs(world, sighting)
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
    newest = max(_created(answer.value.runs), default=None)
    for page in _pages_down_to(world, repository.full_name, answer.value, floor):
        note_runs(world, sighting, page.runs)
    sighting.repository = replace(
        sighting.repository,
        cursor=newest or repository.cursor or repository.watched_since,
        page_floor=_page_floor(answer.value),
        validators=_with(repository.validators, "runs", answer.validator),
    )


def follow_run_hints(world: World, sighting: Sighting) -> None:
    """Fetch the runs that webhooks or people pointed at, unless the list has just shown them."""
    name = sighting.repository.full_name
    hints = world.store.load_run_hints(name)
    seen = {key.run_id for key in sighting.seen}
    wanted = [run_id for run_id in hints if run_id not in seen]
    fetched = world.workers.map(lambda run_id: _fetch_run(world, name, run_id), wanted)
    note_runs(world, sighting, [run for run in fetched if run is not None])
    world.store.clear_run_hints(name, hints)


def wants_status_hints(world: World, sighting: Sighting) -> bool:
    """Tell whether open runs may hide below the first page, and were not asked for lately."""
    repository = sighting.repository
    if repository.page_floor is None:
        return False
    asked = repository.hinted_at
    return asked is None or world.clock.now() >= asked + HINT_INTERVAL


def ask_for_open_runs(world: World, sighting: Sighting) -> None:
    """Ask for open runs by status: those of long ago, and re-runs of them."""
    for status in OPEN_STATUSES:
        _ask_by_status(world, sighting, status)
    sighting.repository = replace(sighting.repository, hinted_at=world.clock.now())


def note_runs(world: World, sighting: Sighting, runs: Sequence[WorkflowRun]) -> None:
    """Note new and changed runs in the ledger as due, with every attempt before them."""
    repository, now = sighting.repository, world.clock.now()
    known = world.store.load_attempts(repository.full_name, sorted({run.run_id for run in runs}))
    due: dict[AttemptKey, AttemptRecord] = {}
    for run in runs:
        sighting.seen.add(run.key)
        record = known.get(run.key)
        if record is None and not is_wanted(run, repository.watched_since):
            continue
        if record is None or record.run is None or _has_moved(record.run, run):
            due[run.key] = _due(record, run, now)
        due.update(_earlier_attempts(run, known, now))
    world.store.save_attempts(list(due.values()))
    sighting.found += len(due)


def is_wanted(run: WorkflowRun, since: datetime) -> bool:
    """Tell whether an attempt belongs to what is watched: created or started since, or open."""
    moments = [moment for moment in (run.created_at, run.run_started_at) if moment is not None]
    return not run.is_completed or not moments or max(moments) >= since


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


def _fetch_run(world: World, name: str, run_id: int) -> WorkflowRun | None:
    try:
        return world.source.fetch_run(name, run_id).value
    except NotFound:
        return None


def _ask_by_status(world: World, sighting: Sighting, status: str) -> None:
    repository = sighting.repository
    question = f"status={status}"
    validator = repository.validators.get(question)
    for number in range(1, MAX_FILTERED_PAGES + 1):
        answer = world.source.fetch_runs(
            repository.full_name,
            RunQuery(page=number, status=status),
            validator if number == 1 else None,
        )
        if answer.value is None:
            return
        note_runs(world, sighting, answer.value.runs)
        if number == 1:
            first_validator = answer.validator
            sighting.repository = replace(
                sighting.repository,
                validators=_with(sighting.repository.validators, question, first_validator),
            )
        if not answer.value.has_next:
            return


def _has_moved(known: WorkflowRun, run: WorkflowRun) -> bool:
    """Tell whether a run looks different; what a lagging list shows of an ended one is older."""
    if known.is_completed and not run.is_completed:
        return False
    return (known.status, known.conclusion, known.updated_at, known.run_started_at) != (
        run.status,
        run.conclusion,
        run.updated_at,
        run.run_started_at,
    )


def _due(record: AttemptRecord | None, run: WorkflowRun, now: datetime) -> AttemptRecord:
    if record is None:
        return AttemptRecord(key=run.key, created_at=run.created_at or now, run=run, look_at=now)
    return replace(record, run=run, settled=False, look_at=now, failures=0)


def _earlier_attempts(
    run: WorkflowRun, known: Mapping[AttemptKey, AttemptRecord], now: datetime
) -> Iterator[tuple[AttemptKey, AttemptRecord]]:
    """Name the attempts before this one that were missed, or last seen open.

    The list shows a run's newest attempt only, so these are to be read by their own numbers: they
    are noted without a run.
    """
    for number in range(1, run.run_attempt):
        key = replace(run.key, run_attempt=number)
        record = known.get(key)
        if record is None:
            yield key, AttemptRecord(key=key, created_at=run.created_at or now, look_at=now)
        elif not record.settled and record.run is not None and not record.run.is_completed:
            yield key, replace(record, run=None, look_at=now)


def _created(runs: Iterable[WorkflowRun]) -> Iterator[datetime]:
    return (run.created_at for run in runs if run.created_at is not None)


def _with(validators: Mapping[str, str], question: str, validator: str | None) -> dict[str, str]:
    kept = {asked: etag for asked, etag in validators.items() if asked != question}
    return kept if validator is None else {**kept, question: validator}
