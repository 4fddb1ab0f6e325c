"""Hints that a webhook leaves for the next discovery: a source may have other repositories now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ...domain.due import is_interval_over
from ..context import CollectorContext

#: A webhook about repositories is saved as a run hint, with these two values as its repository
#: and its run id.
SOURCES_PSEUDO_RUN = ("sources", 0)

#: How often a process with sources checks whether a webhook left a hint.
CHECK_INTERVAL = timedelta(seconds=1)

#: How long GitHub's lists may lag behind a webhook; for so long they are read again after it.
MAX_LIST_LAG = timedelta(seconds=15)

#: How long a hint is kept: after that, the regular discovery has read the lists.
MAX_HINT_AGE = timedelta(minutes=9)


def load_webhook_hints(context: CollectorContext) -> dict[int, datetime]:
    """Load when webhooks left hints, by the pseudo run's id; note that a discovery follows them."""
    hints = context.store.load_run_hints(SOURCES_PSEUDO_RUN[0])
    context.discovery.followed_webhook_at = max(hints.values(), default=None)
    return hints


def clear_webhook_hints(
    context: CollectorContext,
    hints: Mapping[int, datetime],
    began_at: datetime,
    *,
    are_lists_complete: bool,
) -> None:
    """Remove the hints that a discovery has followed, unless GitHub's lists may lag behind them.

    Hints are kept until they are MAX_LIST_LAG old; if a list could not be read, until they are
    MAX_HINT_AGE old. Hints from the future are removed.
    """
    max_age = MAX_LIST_LAG if are_lists_complete else MAX_HINT_AGE
    followed = {
        run_id: hinted_at
        for run_id, hinted_at in hints.items()
        if not timedelta() <= began_at - hinted_at < max_age
    }
    context.store.clear_run_hints(SOURCES_PSEUDO_RUN[0], followed)


def has_new_source_hint(context: CollectorContext) -> bool:
    """Return whether a webhook about repositories came that no discovery here has followed.

    A discovery for it starts at once, also in a pause after failures.
    """
    discovery, now = context.discovery, context.clock.now()
    was_just_checked = not is_interval_over(discovery.webhooks_checked_at, CHECK_INTERVAL, now)
    if was_just_checked or not discovery.has_sources:
        return False
    newest = max(context.store.load_run_hints(SOURCES_PSEUDO_RUN[0]).values(), default=None)
    is_new = newest is not None and newest != discovery.followed_webhook_at
    discovery.webhooks_checked_at = None if is_new else now
    return is_new
