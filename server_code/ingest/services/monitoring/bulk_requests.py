"""Which requests of a poll are bulk, and which of these a backfill's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ...domain.ledger import AttemptRecord
from ..context import CollectorContext
from .poll_session import PollSession

#: So many due attempts are read as bulk: they take longer than a webhook may wait.
BACKLOG = 20

#: An attempt that ended longer ago is read by a backfill, not because it was watched.
WATCHED_AGE = timedelta(hours=1)


def mark_bulk(
    context: CollectorContext, poll_session: PollSession, due: Sequence[AttemptRecord]
) -> None:
    """Mark what a poll asks for from here on, while it reads attempts that are due."""
    is_backlog = len(due) >= BACKLOG
    now = context.clock.now()
    context.github.set_bulk(
        poll_session.repository.full_name,
        is_bulk=poll_session.is_bulk or is_backlog,
        is_backfill=poll_session.is_backfill or (is_backlog and is_past(due, now)),
    )


def is_past(due: Sequence[AttemptRecord], now: datetime) -> bool:
    """Return whether most of the attempts ended long ago."""
    past = sum(_is_past(record, now) for record in due)
    return 2 * past > len(due)


def _is_past(record: AttemptRecord, now: datetime) -> bool:
    run = record.run
    if run is None:
        return now - record.created_at > WATCHED_AGE
    ended_at = run.updated_at or record.created_at
    return run.is_completed and now - ended_at > WATCHED_AGE
