"""The manual collection, as a background task in rounds.

Separate from the agents' tasks, so that an Uplink daemon can run it without the schedule.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import anvil.server

from ..errors import IngestError
from ..services.collect_now import FAILED, Collection, collect_round, save_collection
from .request_context import RequestContext


@anvil.server.background_task
def collect_now(
    collection_id: str,
    only: str | None,
    started_at: str,
    so_far: dict[str, Any] | None = None,
) -> None:
    """Collect for one task's time, and start the next round if work is left."""
    request = RequestContext()
    collection = Collection(
        collection_id=collection_id,
        started_at=datetime.fromisoformat(started_at),
        only=only,
        **(so_far or {}),
    )
    try:
        collector = request.open_collector()
    except IngestError as error:
        save_collection(request.state, collection, FAILED, now=request.now, note=str(error))
        raise
    try:
        seconds = request.settings.collecting.task_seconds
        left = collect_round(collector.context, collection, seconds=seconds)
    finally:
        collector.close()
    if left is None:
        return
    if left.is_over:
        note = "The agents collect the rest automatically."
        save_collection(request.state, left, FAILED, now=request.now, note=note)
        return
    so_far = {"rounds": left.rounds, "counts": left.counts, "stood": left.stood}
    anvil.server.launch_background_task("collect_now", collection_id, only, started_at, so_far)
