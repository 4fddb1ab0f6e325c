"""The result of ``collect --once``, for pages to show while no agent reports heartbeats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...domain.collection_records import CollectionPhase, CollectionRecord
from ...domain.ledger import AgentRecord
from ..context import CollectorContext
from .manual_collection import SHOWN_COUNTERS

#: There is one such record: a later result replaces it.
_COLLECTION_ID = "collect --once"


def save_one_time_collection(
    context: CollectorContext,
    *,
    started_at: datetime,
    exit_code: int,
    repositories: int,
    note: str | None,
) -> None:
    """Save how a one-time collection ended; ``note`` says what failed or is left."""
    counts = {name: context.counters.read(name) for name in SHOWN_COUNTERS}
    counts |= {"repositories_total": repositories, "repositories_done": repositories}
    phase = CollectionPhase.FAILED if note else CollectionPhase.DONE
    context.store.save_collection(
        CollectionRecord(
            collection_id=_COLLECTION_ID,
            started_at=started_at,
            updated_at=context.clock.now(),
            phase=phase.value,
            counts=counts,
            note=note,
            exit_code=exit_code,
        )
    )


def find_one_time_collection(
    collections: Sequence[CollectionRecord], heartbeats: Sequence[AgentRecord]
) -> CollectionRecord | None:
    """Return the last one-time collection, unless an agent has reported since it ended."""
    ended = (each for each in collections if each.exit_code is not None)
    newest = max(ended, key=lambda each: each.updated_at, default=None)
    if newest and any(each.heartbeat_at > newest.updated_at for each in heartbeats):
        return None
    return newest
