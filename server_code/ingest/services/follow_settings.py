"""Follow REPOSITORIES and the filters of the settings at a start, and report what changes."""

from __future__ import annotations

import logging

from ..domain.filters import Filters
from ..domain.ledger import MOST_ACTIVITIES, ActivityRecord
from ..domain.source_records import FROM_SETTINGS
from .context import CollectorContext
from .manage_sources import add_sources, plan_removal, take_source_away

logger = logging.getLogger(__name__)

#: Who the audit trail names for what follows from the settings.
_ACTOR = "Runstream"

_FILTERS = "filters of the settings: "
_UNFILTERED = "none"


def follow_settings(context: CollectorContext) -> bool:
    """Bring the stored sources up to date with the settings; return whether any has changed."""
    _report_filters(context)
    store, now = context.store, context.clock.now()
    # First, because a new source may keep what the removal of another one would rest.
    is_changed = add_sources(store, context.sources, origin=FROM_SETTINGS, now=now)
    given = {str(each).lower() for each in context.sources}
    gone = [
        each.pattern
        for each in store.list_sources()
        if each.origin == FROM_SETTINGS and each.pattern.lower() not in given
    ]
    for pattern in gone:
        removal = plan_removal(store, pattern)
        what = f"removes the source {pattern}, which REPOSITORIES no longer names: "
        _report(context, what + removal.sentence)
        take_source_away(store, pattern)
    return is_changed or bool(gone)


def _report_filters(context: CollectorContext) -> None:
    """Report filters of the settings that differ from those of the last start."""
    filters = context.collecting.filters
    before = _last_filters(context)
    if before is None and not filters.are_set:
        return
    written = _written(filters)
    if written != before:
        _report(
            context,
            f"{_FILTERS}{written} (before: {before or _UNFILTERED}). They apply to runs that are "
            "found from now on; runs that were left out before stay left out.",
        )


def _last_filters(context: CollectorContext) -> str | None:
    """Return what was reported last; None where nothing was, or it is too long ago."""
    for each in context.store.list_activities(limit=MOST_ACTIVITIES):
        if each.actor == _ACTOR and each.what.startswith(_FILTERS):
            return each.what.removeprefix(_FILTERS).partition(" (before: ")[0]
    return None


def _written(filters: Filters) -> str:
    texts = filters.as_texts() if filters.are_set else {}
    return "; ".join(f"{name.upper()} {text}" for name, text in texts.items()) or _UNFILTERED


def _report(context: CollectorContext, what: str) -> None:
    logger.warning(what)
    context.store.add_activity(
        ActivityRecord(occurred_at=context.clock.now(), actor=_ACTOR, repository=None, what=what)
    )
