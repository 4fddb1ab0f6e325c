"""Purging old attempts, so that the ledger does not grow without bound."""

from __future__ import annotations

from datetime import timedelta

from .context import CollectorContext

#: The most attempts that one call deletes, so that no other write waits for long.
MAX_PURGED = 500


def purge_expired(context: CollectorContext) -> bool:
    """Delete up to MAX_PURGED settled attempts that are older than ``ledger_days``.

    Returns whether there may be more. Unknown runs of that age are ignored (``upsert_runs``), so
    that no purged run is published again. Raises StateUnavailable.
    """
    created_before = context.clock.now() - timedelta(days=context.settings.ledger_days)
    removed = context.store.remove_settled_attempts(created_before=created_before, limit=MAX_PURGED)
    return removed == MAX_PURGED
