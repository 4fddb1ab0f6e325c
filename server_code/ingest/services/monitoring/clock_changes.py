"""Make everything due whose next check was set by a clock that has been set back since."""

from __future__ import annotations

from dataclasses import replace

from ...domain.due import MAX_CHECK_DELAY
from ...domain.ledger import RepositoryRecord
from ..context import CollectorContext

#: Attempts of one repository that are made due at once; the others are reached by their own times.
_MAX_ATTEMPTS = 1000


def make_polls_due_after_clock_change(context: CollectorContext) -> None:
    """Make every repository due if the clock was set back since the last call."""
    now = context.clock.now()
    if not context.poll_order.is_clock_set_back(now):
        return
    for repository in context.store.list_repositories():
        context.store.make_due(repository.full_name, now=now)
        context.to_reschedule.add(repository.full_name)


def make_checks_due_after_clock_change(
    context: CollectorContext, repository: RepositoryRecord
) -> None:
    """Make the attempts of a leased repository due if the clock was set back."""
    if repository.full_name not in context.to_reschedule:
        return
    now, name = context.clock.now(), repository.full_name
    attempts = context.store.load_due_attempts(name, now=now + MAX_CHECK_DELAY, limit=_MAX_ATTEMPTS)
    context.store.save_attempts([replace(each, next_check_at=now) for each in attempts])
    context.to_reschedule.discard(name)
