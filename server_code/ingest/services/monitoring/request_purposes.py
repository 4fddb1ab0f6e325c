"""The purpose of a poll's requests, which decides how much of the rate limit they leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...domain.ledger import AttemptRecord
from ...wire.purposes import BACKFILL_AGE, Purpose
from ..context import CollectorContext
from .poll_session import PollSession

#: This many due attempts are a backlog, whose requests leave a part of the limit to webhooks.
MIN_BACKLOG = 20


def set_request_purpose(
    context: CollectorContext, poll_session: PollSession, due: Sequence[AttemptRecord]
) -> None:
    """Set what the requests of a poll are sent for from here on, while it reads due attempts."""
    purpose = max(poll_session.purpose, purpose_of(due, context.clock.now()))
    context.github.set_purpose(poll_session.repository.full_name, purpose)


def purpose_of(due: Sequence[AttemptRecord], now: datetime) -> Purpose:
    """Return the purpose of reading due attempts: a backfill if most of them ended long ago."""
    if len(due) < MIN_BACKLOG:
        return Purpose.POLLING
    past = sum(_ended_long_ago(record, now) for record in due)
    return Purpose.BACKFILL if 2 * past > len(due) else Purpose.BACKLOG


def _ended_long_ago(record: AttemptRecord, now: datetime) -> bool:
    run = record.run
    if run is None:
        return now - record.created_at > BACKFILL_AGE
    ended_at = run.updated_at or record.created_at
    return run.is_completed and now - ended_at > BACKFILL_AGE
