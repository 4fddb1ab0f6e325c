"""What a poll collects before it requests the run list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ...domain.due import due_check_times
from ...domain.ledger import AttemptRecord, RepositoryRecord
from ...wire.purposes import Purpose
from ..context import CollectorContext
from .apply_deliveries import apply_deliveries
from .collect_attempts import BATCH_SIZE, collect_attempts
from .discover_runs import discover_hinted_runs
from .poll_session import MIN_BACKLOG, PollSession, purpose_of, set_request_purpose
from .verify_deliveries import decide_reliance


def process_deliveries(context: CollectorContext, poll_session: PollSession) -> None:
    """Save delivered runs and jobs in the ledger, and decide whether to rely on webhooks.

    If there is a backfill or a backlog, these runs, and those that webhooks point at, are collected
    before it continues. Otherwise one request for the run list shows them all.
    """
    apply_deliveries(context, poll_session)
    has_deliveries = bool(poll_session.seen_attempts or poll_session.hinted_runs)
    comes_first = has_deliveries and _has_backfill_or_backlog(context, poll_session.repository)
    if comes_first:
        discover_hinted_runs(context, poll_session)
    decide_reliance(context, poll_session)
    if comes_first:
        due = _load_seen_and_due(context, poll_session)
        collect_attempts(context, poll_session, due)


def collect_overdue_attempts(context: CollectorContext, poll_session: PollSession) -> None:
    """Collect ended attempts that have been due for more than two poll intervals.

    They go before the run list, so that a limit that lets few requests through is not used up by
    the list alone. From here on, the requests of the poll count as those of a backfill if runs of
    before the repository was added are still collected, or of a backlog if many later ones are due;
    not if the repository was just created.
    """
    name, now = poll_session.repository.full_name, context.clock.now()
    since = now - timedelta(seconds=2 * context.settings.poll_seconds)
    due = context.store.load_due_attempts(name, now=now, limit=BATCH_SIZE)
    statuses = {each.run.status for each in due if each.run is not None}
    poll_session.has_unstarted_attempt = bool(statuses - {"in_progress", "completed"})
    _decide_purpose(context, poll_session, due)
    if len(due) == BATCH_SIZE:
        due = context.store.load_due_attempts(name, now=since, limit=BATCH_SIZE)
    ended = [
        each
        for each in due
        if due_check_times(since).includes(each.next_check_at)
        and (each.run is None or each.run.is_completed)
    ]
    collect_attempts(context, poll_session, ended)


def _load_seen_and_due(context: CollectorContext, poll_session: PollSession) -> list[AttemptRecord]:
    name, now = poll_session.repository.full_name, context.clock.now()
    records = context.store.load_attempts(
        name, sorted({key.run_id for key in poll_session.seen_attempts})
    )
    return [
        record
        for record in records.values()
        if record.next_check_at is not None and record.next_check_at <= now
    ]


def _decide_purpose(
    context: CollectorContext, poll_session: PollSession, due: Sequence[AttemptRecord]
) -> None:
    repository, purpose = poll_session.repository, Purpose.POLLING
    if _is_walking(repository) and not repository.is_prioritized:
        purpose = Purpose.BACKFILL if repository.cursor is None else Purpose.BACKLOG
    poll_session.purpose = max(purpose, purpose_of(due, context.clock.now()))
    set_request_purpose(context, poll_session)


def _is_walking(repository: RepositoryRecord) -> bool:
    """Return whether the run list was not yet walked down to the known runs."""
    return repository.cursor is None or repository.run_list_walk.page is not None


def _has_backfill_or_backlog(context: CollectorContext, repository: RepositoryRecord) -> bool:
    if _is_walking(repository):
        return True
    due = context.store.load_due_attempts(
        repository.full_name, now=context.clock.now(), limit=MIN_BACKLOG
    )
    return len(due) >= MIN_BACKLOG
