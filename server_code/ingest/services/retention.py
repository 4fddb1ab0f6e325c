"""Purging old attempts, so that the ledger does not grow without bound."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from ..ports import LedgerStore

#: The most attempts that one call deletes, and one query of it: others wait for its rows.
MAX_PURGED = 500
_AT_ONCE = 50


def purge_expired(store: LedgerStore, *, ledger_days: float, now: datetime) -> bool:
    """Delete up to MAX_PURGED settled attempts that are older than ``ledger_days``.

    Returns whether there may be more. Unknown runs of that age are ignored (``upsert_runs``), so
    that no purged run is published again. Raises StateUnavailable.
    """
    created_before = now - timedelta(days=ledger_days)
    remove = partial(store.remove_settled_attempts, created_before=created_before)
    return all(remove(limit=_AT_ONCE) == _AT_ONCE for _ in range(MAX_PURGED // _AT_ONCE))
