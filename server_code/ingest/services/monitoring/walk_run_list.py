"""Walk the unfiltered run list from its newest run down to what is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.due import is_interval_over
from ...domain.ledger import RepositoryRecord
from ...domain.repository_progress import ListWalk
from ...domain.runs import WorkflowRun
from ...errors import GithubUnavailable, IngestError, NotFound, RateLimited
from ...ports import RunPage, RunQuery
from ...ports.github import MAX_RUN_PAGES
from ..context import CollectorContext
from .open_runs import make_missing_due, remove_status_validators
from .poll_session import PollSession, save_progress
from .save_runs import upsert_runs
from .sweep_days import sweep_span

#: After this many reads, a list that is shorter than GitHub's count is taken as it is.
MAX_SHORT_READS = 3

#: A list that answers 304 is read without the ETag after these times: the first while a run is
#: open, the second in any case.
MIN_REREAD_INTERVAL = timedelta(minutes=5)
MAX_REREAD_INTERVAL = timedelta(hours=6)

#: Runs may enter the list a little late; the walk continues this far below what is known.
OVERLAP = timedelta(minutes=10)


def walk_run_list(context: CollectorContext, poll_session: PollSession) -> None:
    """Save the runs of the list, and move the repository's cursor once all new ones are saved.

    The next poll continues an interrupted walk at its next page: new runs have only moved the
    others further down. While an older page keeps failing, the first page is still saved. Raises
    what the request for the first page raises, and RateLimited.

    A list that was unchanged for a long time is read without its ETag.
    """
    is_caught_up = poll_session.repository.run_list_walk.page is None or _walk(
        context, poll_session, None
    )
    repository = poll_session.repository
    answer = context.github.fetch_runs(
        repository.full_name,
        RunQuery(without_etag=_is_reread_due(context, repository)),
        repository.run_lists.validators.get("runs"),
    )
    first = answer.value
    if first is None:
        poll_session.is_list_current = True
        return
    if first.total_count and not first.runs:
        first = replace(first, matches_total_count=False)
    if is_interval_over(repository.run_lists.read_at, MAX_REREAD_INTERVAL, context.clock.now()):
        remove_status_validators(poll_session)
    lists = replace(poll_session.repository.run_lists, read_at=context.clock.now())
    if first.matches_total_count:  # a short list does not show which runs are below its first page
        oldest = min(_created(first.runs), default=None) if first.has_next else None
        lists = replace(lists, oldest_on_first_page=oldest)
    poll_session.repository = replace(poll_session.repository, run_lists=lists)
    if not is_caught_up:
        upsert_runs(context, poll_session, first.runs)
    elif _walk_from_top(context, poll_session, first):
        make_missing_due(context, poll_session, poll_session.is_on_first_page)
        poll_session.set_validator("runs", answer.validator)
        lists = replace(poll_session.repository.run_lists, changed_at=context.clock.now())
        poll_session.repository = replace(poll_session.repository, run_lists=lists)


def _is_reread_due(context: CollectorContext, repository: RepositoryRecord) -> bool:
    """Return whether the list is read whole, without an ETag.

    A cache in between may answer 304 for a list that has changed. While a run is open, the list is
    read after five minutes, then after twice the time each time; an idle list costs four requests a
    day.
    """
    now, read_at = context.clock.now(), repository.run_lists.read_at
    if "runs" not in repository.run_lists.validators:
        return False
    if is_interval_over(read_at, MAX_REREAD_INTERVAL, now):
        return True
    changed_at = repository.last_changed_at or repository.added_at
    if not is_interval_over(changed_at, MIN_REREAD_INTERVAL, now):
        return False
    if not is_interval_over(read_at, max(MIN_REREAD_INTERVAL, (now - changed_at) / 2), now):
        return False
    return context.store.load_next_check_at(repository.full_name) is not None


def _walk_from_top(context: CollectorContext, poll_session: PollSession, first: RunPage) -> bool:
    repository = poll_session.repository
    known = repository.cursor or repository.watched_since
    newest = max(_created(first.runs), default=known)
    walk = ListWalk(page=1, newest=newest, oldest=newest)
    poll_session.repository = replace(repository, run_list_walk=walk)
    return _walk(context, poll_session, first)


def _walk(context: CollectorContext, poll_session: PollSession, first: RunPage | None) -> bool:
    """Read pages down to the known runs; return whether those were reached.

    ``first`` is the page to begin with if it was read already. A failure is kept in the session.
    """
    try:
        is_whole = _walk_pages(context, poll_session, first)
    except IngestError as error:
        # The next poll continues here.
        save_progress(context, poll_session)
        if isinstance(error, RateLimited):
            raise
        poll_session.note_failure(error)
        return False
    if is_whole:
        newest = poll_session.repository.run_list_walk.newest
        poll_session.repository = replace(
            poll_session.repository, cursor=newest, run_list_walk=ListWalk()
        )
    return is_whole


def _walk_pages(
    context: CollectorContext, poll_session: PollSession, first: RunPage | None
) -> bool:
    """Save pages until the floor is reached; return False if that was interrupted."""
    floor, has_next = _walk_floor(poll_session.repository), True
    number = poll_session.repository.run_list_walk.page or 1
    for page in _pages(context, poll_session.repository.full_name, first, number):
        upsert_runs(context, poll_session, page.runs)
        number, has_next = number + 1, page.has_next
        walk = poll_session.repository.run_list_walk
        oldest = min(_created(page.runs), default=walk.oldest)
        walk = replace(walk, page=number, oldest=oldest)
        poll_session.repository = replace(poll_session.repository, run_list_walk=walk)
        _raise_if_short(poll_session, page)
        if page.runs and oldest is not None and oldest < floor:
            return True
        if has_next and not poll_session.should_continue():
            return False
    oldest = poll_session.repository.run_list_walk.oldest
    if has_next and oldest is not None and oldest > floor:
        # The list ends after 40,000 runs, before the floor is reached; older runs are requested by
        # day.
        for day in sweep_span(context, poll_session, first=floor, last=oldest):
            oldest = day
            walk = replace(poll_session.repository.run_list_walk, oldest=day)
            poll_session.repository = replace(poll_session.repository, run_list_walk=walk)
        return oldest <= floor
    return True


def _raise_if_short(poll_session: PollSession, page: RunPage) -> None:
    """Raise GithubUnavailable for a list that ends before GitHub's count, a few times in a row.

    The count may stay wrong, so the list is then taken as it is, until both agree again.
    """
    repository, lists = poll_session.repository, poll_session.repository.run_lists
    short_reads = 0 if page.matches_total_count else min(lists.short_reads + 1, MAX_SHORT_READS + 1)
    if not page.has_next or not page.matches_total_count:
        lists = replace(lists, short_reads=short_reads)
        poll_session.repository = replace(repository, run_lists=lists)
    if 0 < short_reads <= MAX_SHORT_READS:
        # The next poll reads it from its beginning, because there is nothing behind its end.
        poll_session.repository = replace(poll_session.repository, run_list_walk=ListWalk())
        raise GithubUnavailable(
            f"GitHub counts {page.total_count} runs of {repository.full_name} and lists fewer."
        )


def _pages(
    context: CollectorContext, name: str, first: RunPage | None, number: int
) -> Iterator[RunPage]:
    """Yield pages until GitHub's links end or repeat; an empty page does not end the list."""
    page, before = first, None
    while number <= MAX_RUN_PAGES:
        page = page or _fetch_page(context, name, number)
        if page is None:
            return
        if before is not None and page.runs and page.runs == before.runs:
            # The links repeat a page.
            page = replace(page, has_next=False, matches_total_count=False)
        if before is not None and page.total_count < before.total_count:
            # Runs were deleted: those after them moved up, onto the page that was read before.
            moved = _fetch_page(context, name, number - 1)
            runs = () if moved is None else moved.runs
            yield replace(page, runs=(*runs, *page.runs))
        else:
            yield page
        if not page.has_next:
            return
        before, page, number = page, None, number + 1


def _fetch_page(context: CollectorContext, name: str, number: int) -> RunPage | None:
    """Fetch a page; None past 40,000 runs, for which GitHub answers 422."""
    try:
        return context.github.fetch_runs(name, RunQuery(page=number)).value
    except NotFound:
        return None


def _walk_floor(repository: RepositoryRecord) -> datetime:
    """Return the creation time at which a walk ends: the cursor, or ``watched_since`` at first."""
    if repository.cursor is None:
        return repository.watched_since
    return max(repository.cursor - OVERLAP, repository.watched_since)


def _created(runs: Iterable[WorkflowRun]) -> Iterator[datetime]:
    return (run.created_at for run in runs if run.created_at is not None)
