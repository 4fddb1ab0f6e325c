"""Find every attempt that GitHub shows, and save it in the ledger before it is read.

The unfiltered run list is always right. The filtered lists lag behind it. They are requested for
re-runs, which can be deep in the list because a re-run keeps its first creation time. Nothing here
publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from ...domain.batches import chunks
from ...domain.delivery_trust import is_delivery_check_due, is_run_list_due
from ...domain.due import MAX_CLOCK_DIFFERENCE, is_interval_over
from ...domain.runs import WorkflowRun
from ...errors import AccessDenied, IngestError, NotFound
from ..context import CollectorContext
from ..fetch_each import fetch_each
from .open_runs import find_open_runs
from .poll_session import PollSession, run_list_due_at
from .save_runs import make_shown_runs_due, upsert_runs
from .sweep_days import sweep_all_days, sweep_past_days
from .verify_deliveries import find_newer_runs, note_missed_deliveries
from .walk_run_list import walk_run_list

#: Hinted runs that are fetched at once; one that fails does not delay the others.
HINTS_AT_ONCE = 16

#: How often the failed deliveries of webhooks are requested; GitHub lists them for 3 days.
FAILED_DELIVERIES_INTERVAL = timedelta(hours=1)
FAILED_DELIVERIES_AGE = timedelta(days=3)


def discover_runs(context: CollectorContext, poll_session: PollSession) -> None:
    """Find new and changed runs, and save them in the ledger as due.

    Advances the repository's cursor and validators; the caller saves it. Raises what GitHub
    raises for the first page of the list; what was saved until then stays saved.
    """
    record, now = poll_session.repository, context.clock.now()
    if poll_session.relies_on_deliveries and not is_run_list_due(record, now):
        searches = _DELIVERY_CHECKS if is_delivery_check_due(record, now) else (find_hinted_runs,)
        _run_each(context, poll_session, searches)
        note_missed_deliveries(context, poll_session, poll_session.change_times.values())
        if poll_session.relies_on_deliveries:
            return
    walk_run_list(context, poll_session)
    _run_each(context, poll_session, (*_LOOKUPS, sweep_past_days))
    note_missed_deliveries(context, poll_session, poll_session.change_times.values())
    lists = replace(poll_session.repository.run_lists, requested_at=now)
    poll_session.repository = replace(poll_session.repository, run_lists=lists)


def discover_runs_unless_just_changed(context: CollectorContext, poll_session: PollSession) -> None:
    """Find runs as ``discover_runs`` does, but skip a list that has changed a moment ago.

    Changes come together: runs appear, start and end. Each answer that differs is charged, so the
    next one is requested after nearly two polls and has them all. It is requested at once if a due
    attempt may have started, because its jobs are then read as well. A re-run deep in the list may
    have ended by then, so open runs are requested by status at every poll.
    """
    list_due_at = run_list_due_at(context, poll_session.repository)
    if poll_session.has_unstarted_attempt or list_due_at <= context.clock.now():
        discover_runs(context, poll_session)
        return
    poll_session.is_list_current = True
    _run_each(context, poll_session, (find_hinted_runs, find_open_runs))


def discover_hinted_runs(context: CollectorContext, poll_session: PollSession) -> None:
    """Find the runs that webhooks or people pointed at, and nothing else."""
    _run_each(context, poll_session, (find_hinted_runs,))


def discover_all_runs(
    context: CollectorContext, poll_session: PollSession, *, swept_since: datetime
) -> None:
    """Find runs as ``discover_runs`` does, and sweep every day once since ``swept_since``.

    Unchanged answers are free, but count for the limit per minute: the next poll continues a sweep
    that a limit interrupts.
    """
    lists = poll_session.repository.run_lists
    if (
        lists.status_lists_requested_at is not None
        and lists.status_lists_requested_at < swept_since
    ):
        lists = replace(lists, status_lists_requested_at=None)
        poll_session.repository = replace(poll_session.repository, run_lists=lists)
    poll_session.belongs_to_collection, poll_session.relies_on_deliveries = True, False
    sweep = partial(sweep_all_days, since=swept_since)
    searches = (find_hinted_runs, find_failed_deliveries, sweep, _find_unswept_runs)
    walk_run_list(context, poll_session)
    _run_each(context, poll_session, searches)


def _run_each(
    context: CollectorContext,
    poll_session: PollSession,
    searches: Sequence[Callable[[CollectorContext, PollSession], None]],
) -> None:
    for search in searches:
        if not poll_session.should_continue():
            return
        try:
            search(context, poll_session)
        except IngestError as error:
            # What the list has shown is collected all the same.
            poll_session.note_failure(error)


def _find_unswept_runs(context: CollectorContext, poll_session: PollSession) -> None:
    """Request open runs by status if the sweep has not shown every run of every day."""
    if poll_session.error is not None or poll_session.has_unread_pages:
        find_open_runs(context, poll_session)


def find_hinted_runs(context: CollectorContext, poll_session: PollSession) -> None:
    """Fetch the runs that stored hints of webhooks or people point at.

    A known run that the list has just shown is not requested: only its jobs can have changed, so it
    is made due. A hint whose request fails waits for the next poll.
    """
    hints, poll_session.hinted_runs = poll_session.hinted_runs, {}
    _fetch_hinted(context, poll_session, hints)


def _fetch_hinted(
    context: CollectorContext, poll_session: PollSession, hints: Mapping[int, datetime]
) -> None:
    """Fetch hinted runs, remove the hints that were answered, and note each failure."""
    if not hints:
        return
    name = poll_session.repository.full_name
    shown = {key.run_id for key in poll_session.seen_attempts} | make_shown_runs_due(
        context, poll_session, hints
    )
    wanted = [run_id for run_id in hints if run_id not in shown]
    context.store.clear_run_hints(name, {each: hints[each] for each in hints if each in shown})
    for run_ids in chunks(wanted, HINTS_AT_ONCE):
        if not poll_session.should_continue():
            return
        answers = fetch_each(context, run_ids, partial(_find_run, context, name))
        runs = [each for each in answers.values() if isinstance(each, WorkflowRun)]
        upsert_runs(context, poll_session, runs)
        errors = {key: each for key, each in answers.items() if isinstance(each, IngestError)}
        answered = {each: hints[each] for each in run_ids if each not in errors}
        context.store.clear_run_hints(name, answered)
        for error in errors.values():
            poll_session.note_failure(error)
        if not answered:
            return  # GitHub fails or refuses: the others wait for the next poll


def find_failed_deliveries(context: CollectorContext, poll_session: PollSession) -> None:
    """Fetch the runs of webhooks that were not delivered, if the token may list deliveries."""
    repository, now = poll_session.repository, context.clock.now()
    checked_at = repository.webhooks.failed_deliveries_requested_at
    is_due = is_interval_over(checked_at, FAILED_DELIVERIES_INTERVAL, now)
    if not context.settings.expects_webhooks or not is_due:
        return
    # Deliveries have GitHub's times, and one that is being answered is listed later. A last time
    # in the future is from before the clock was set back.
    last_at, oldest = checked_at or repository.added_at, now - FAILED_DELIVERIES_AGE
    since = (oldest if last_at > now else max(last_at, oldest)) - MAX_CLOCK_DIFFERENCE
    try:
        runs = context.github.fetch_runs_of_failed_deliveries(repository.full_name, since=since)
    except (AccessDenied, NotFound):
        # Listing deliveries needs a permission of its own; without it, polls and sweeps find these
        # runs.
        runs = set()
    for run_id in runs:
        context.store.save_run_hint(repository.full_name, run_id, now=now)
    webhooks = replace(repository.webhooks, failed_deliveries_requested_at=now)
    poll_session.repository = replace(poll_session.repository, webhooks=webhooks)
    _fetch_hinted(context, poll_session, dict.fromkeys(runs, now))


#: What is requested besides the list, before a sweep; one that fails does not stop the others.
_LOOKUPS = (find_hinted_runs, find_open_runs, find_failed_deliveries)

#: What proves that deliveries still arrive, and finds re-runs deep in the list.
_DELIVERY_CHECKS = (find_hinted_runs, find_newer_runs, find_open_runs, sweep_past_days)


def _find_run(context: CollectorContext, name: str, run_id: int) -> WorkflowRun | None:
    """Fetch a run; None if GitHub does not have it."""
    with suppress(NotFound):
        return context.github.fetch_run(name, run_id).value
    return None
