"""Follow REPOSITORIES and the filters of the settings at a start, and report what changes."""

from __future__ import annotations

import logging
from contextlib import suppress

from ...domain.filters import FILTERS_APPLY_FROM_NOW_ON
from ...domain.ledger import ActivityRecord
from ...domain.source_records import FROM_SETTINGS
from ...errors import NotFound
from ..context import CollectorContext
from .manage_sources import add_sources, delete_source, plan_removal

logger = logging.getLogger(__name__)

#: The actor of changes that follow from the settings, in the audit trail.
_ACTOR = "Runstream"

_UNFILTERED = "none"


def follow_settings(context: CollectorContext) -> bool:
    """Bring the stored sources up to date with the settings; return whether any has changed."""
    _report_filters(context)
    store, now = context.store, context.clock.now()
    # Added first, because a new source may include repositories of a removed one.
    is_changed = add_sources(store, context.sources, origin=FROM_SETTINGS, now=now)
    given = {str(each).lower() for each in context.sources}
    gone = [
        each.pattern
        for each in store.list_sources()
        if each.origin == FROM_SETTINGS and each.pattern.lower() not in given
    ]
    for pattern in gone:
        with suppress(NotFound):  # another process that starts has just removed it
            removal = plan_removal(store, pattern)
            what = f"removes the source {pattern}, which REPOSITORIES no longer names: "
            report_change(context, what + removal.sentence)
            delete_source(store, pattern)
    return is_changed or bool(gone)


def _report_filters(context: CollectorContext) -> None:
    """Report filters of the settings that differ from those of the last start."""
    filters = context.settings.filters
    texts = filters.as_texts() if filters.are_set else {}
    text = "; ".join(f"{name.upper()} {each}" for name, each in texts.items()) or _UNFILTERED
    before = context.store.load_reported_filters() or _UNFILTERED
    if text != before:
        report_change(
            context,
            f"filters of the settings: {text} (before: {before}). {FILTERS_APPLY_FROM_NOW_ON}",
        )
        context.store.save_reported_filters(text)


def report_change(context: CollectorContext, what: str) -> None:
    """Log what Runstream changes by itself, and note it in the audit trail."""
    logger.warning(what)
    context.store.add_activity(
        ActivityRecord(occurred_at=context.clock.now(), actor=_ACTOR, repository=None, action=what)
    )
