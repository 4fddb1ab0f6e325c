"""Loading the attempts that are due, a batch at a time."""

from __future__ import annotations

from datetime import datetime

from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey
from ..context import CollectorContext

#: Attempts that are loaded at once; their commits fit one GraphQL query.
BATCH_SIZE = 100
NEWEST_IN_BATCH = 20


def load_due_batch(context: CollectorContext, repository: str) -> list[AttemptRecord]:
    """Load a batch: the oldest attempts, because logs expire, and always some of the newest."""
    now = context.clock.now()
    newest = context.store.load_due_attempts(
        repository, now=now, limit=NEWEST_IN_BATCH, newest_first=True
    )
    if len(newest) < NEWEST_IN_BATCH:
        return sorted(newest, key=_order)
    oldest = context.store.load_due_attempts(
        repository, now=now, limit=BATCH_SIZE - NEWEST_IN_BATCH
    )
    both = {record.key: record for record in (*oldest, *newest)}
    return sorted(both.values(), key=_order)


def _order(record: AttemptRecord) -> tuple[datetime, AttemptKey]:
    """Return the sort key of attempts; those of one run have the same creation time."""
    return record.created_at, record.key
