"""Purging of what is settled and old, so that the ledger does not grow for ever."""

from __future__ import annotations

from datetime import timedelta

from .context import CollectorContext

#: Attempts that one call deletes at most: other work on the state waits for no more than these.
MAX_PURGED = 500


def purge_expired(context: CollectorContext) -> bool:
    """Delete some settled attempts that are older than the ledger keeps them.

    Returns whether there may be more: then call again. None is found and published again
    (``CollectingSettings.ledger_days``, ``upsert_runs``). Raises StateUnavailable.
    """
    created_before = context.clock.now() - timedelta(days=context.settings.ledger_days)
    removed = context.store.remove_settled_attempts(created_before=created_before, limit=MAX_PURGED)
    return removed == MAX_PURGED
