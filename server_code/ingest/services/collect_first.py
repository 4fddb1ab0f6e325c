"""What a poll collects before it asks for the run list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ..domain.ledger import RepositoryRecord
from .collect_attempts import SLICE, collect_these
from .context import CollectorContext
from .discover_runs import discover_hinted_runs
from .poll_session import PollSession

#: So many due attempts take longer than a webhook may wait.
BACKLOG = 20


def collect_hinted(
    context: CollectorContext, poll_session: PollSession, *, should_continue: Callable[[], bool]
) -> None:
    """Collect the runs that webhooks pointed at, before a backfill of their repository goes on.

    Without a backfill the run list shows them, and no request is spent on the runs themselves.
    """
    name = poll_session.repository.full_name
    hints = context.store.load_run_hints(name)
    if not hints or not _has_backfill(context, poll_session.repository):
        return
    discover_hinted_runs(context, poll_session)
    now = context.clock.now()
    due = [
        record
        for record in context.store.load_attempts(name, sorted(hints)).values()
        if record.next_check_at is not None and record.next_check_at <= now
    ]
    collect_these(context, poll_session, due, should_continue)


def collect_waiting(
    context: CollectorContext, poll_session: PollSession, *, should_continue: Callable[[], bool]
) -> None:
    """Collect ended attempts that have been due for longer than a poll takes to come round.

    They go before the run list, so that a limit that lets few requests through is not used up by
    the list alone.
    """
    waited = timedelta(seconds=2 * context.collecting.poll_seconds)
    overdue = context.store.load_due_attempts(
        poll_session.repository.full_name, now=context.clock.now() - waited, limit=SLICE
    )
    ended = [each for each in overdue if each.run is None or each.run.is_completed]
    collect_these(context, poll_session, ended, should_continue)


def _has_backfill(context: CollectorContext, repository: RepositoryRecord) -> bool:
    if repository.cursor is None or repository.walk_page is not None:
        return True
    due = context.store.load_due_attempts(
        repository.full_name, now=context.clock.now(), limit=BACKLOG
    )
    return len(due) >= BACKLOG
