"""The turn of one repository, which ends early if a webhook or a person makes another due."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from ...domain.due import urgent_due_at
from ...domain.stored_values import repository_key, repository_keys
from ..context import CollectorContext
from ..sources.source_hints import has_new_source_hint

#: The shortest turn, so that a backfill makes progress between many webhooks.
MIN_TURN = timedelta(seconds=3)

#: How often a longer turn checks for what is urgent.
CHECK_INTERVAL = timedelta(seconds=1)


def continue_until_urgent(
    context: CollectorContext, should_continue: Callable[[], bool], *, only: Collection[str] | None
) -> Callable[[], bool]:
    """Return a ``should_continue`` for one poll that also ends it if a repository is urgent.

    ``only``: the names of the repositories that may be polled; None for all. The returned function
    raises StateUnavailable.
    """
    next_check_at, is_over = context.clock.now() + MIN_TURN, False

    def turn_continues() -> bool:
        nonlocal next_check_at, is_over
        now = context.clock.now()
        if not is_over and now >= next_check_at:
            next_check_at = now + CHECK_INTERVAL
            is_over = bool(find_urgent_repositories(context, only)) or has_new_source_hint(context)
        return not is_over and should_continue()

    return turn_continues


def find_urgent_repositories(context: CollectorContext, only: Collection[str] | None) -> list[str]:
    """Find the repositories that a webhook or a person made due, or that were just created.

    Their due time was set to ``urgent_due_at``, which lies weeks before all others.
    """
    found = context.store.list_due_before(urgent_due_at(context.clock.now()))
    if only is None or not found:
        return found
    wanted = set(repository_keys(only))
    return [name for name in found if repository_key(name) in wanted]
