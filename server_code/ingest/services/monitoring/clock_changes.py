"""Make polls and checks due after the clock was set back: their times are then too far ahead."""

from __future__ import annotations

from ..context import CollectorContext
from .schedule_attempts import make_scheduled_attempts_due


def make_polls_due_after_clock_change(context: CollectorContext) -> None:
    """Make every repository due if the clock was set back since the last call."""
    now = context.clock.now()
    if not context.poll_order.is_clock_set_back(now):
        return
    for repository in context.store.list_repositories():
        context.store.make_due(repository.full_name, now=now)
        context.repositories_to_reschedule.add(repository.full_name)


def make_checks_due_after_clock_change(context: CollectorContext, repository: str) -> None:
    """Make the attempts of a leased repository due if the clock was set back."""
    if repository in context.repositories_to_reschedule:
        make_scheduled_attempts_due(context, repository)
        context.repositories_to_reschedule.discard(repository)
