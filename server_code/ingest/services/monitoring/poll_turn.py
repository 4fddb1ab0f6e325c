"""The turn of one repository, which ends early for what a webhook or a person makes due."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from ...domain.due import urgent_due_at
from ...domain.stored_values import repository_key, repository_keys
from ..context import CollectorContext
from ..sources.source_hints import has_new_hint

#: The shortest turn, so that a backfill makes progress between many webhooks.
MIN_TURN = timedelta(seconds=3)

#: How often a longer turn checks for what is urgent.
CHECK_INTERVAL = timedelta(seconds=1)


class PollTurn:
    """The time that one poll may take while others wait."""

    def __init__(
        self,
        context: CollectorContext,
        is_in_time: Callable[[], bool],
        *,
        only: Collection[str] | None,
    ) -> None:
        self._context = context
        self._is_in_time = is_in_time
        self._only = only
        self._next_check_at = context.clock.now() + MIN_TURN
        self._is_over = False

    def should_continue(self) -> bool:
        """Return whether the poll continues. Raises StateUnavailable."""
        now = self._context.clock.now()
        if not self._is_over and now >= self._next_check_at:
            self._next_check_at = now + CHECK_INTERVAL
            self._is_over = bool(find_urgent(self._context, self._only)) or has_new_hint(
                self._context
            )
        return not self._is_over and self._is_in_time()


def find_urgent(context: CollectorContext, only: Collection[str] | None) -> list[str]:
    """Find the repositories that a webhook or a person made due, or that were just created."""
    found = context.store.list_due_since(urgent_due_at(context.clock.now()))
    if only is None or not found:
        return found
    wanted = set(repository_keys(only))
    return [name for name in found if repository_key(name) in wanted]
