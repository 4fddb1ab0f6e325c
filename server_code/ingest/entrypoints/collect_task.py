"""The manual collection as a background task, which launches the next one if work is left.

Separate from the agents' tasks, so that an Uplink daemon can run it without the schedule.
"""

from __future__ import annotations

import anvil.server

from ..errors import IngestError
from ..services.collections.manual_collection import (
    CollectionRound,
    fail_collection,
    find_collection,
)
from .request_context import RequestContext


@anvil.server.background_task
def collect_now(collection_id: str) -> None:
    """Collect until the time of one task is over, and launch the next one if work is left."""
    request = RequestContext()
    record = find_collection(request.state, collection_id)
    try:
        collector = request.open_collector(checks_bucket=False)
    except IngestError as error:
        fail_collection(request.state, record, reason=str(error), now=request.now)
        raise
    try:
        seconds = request.settings.collecting.task_seconds
        record = CollectionRound(collector.context, record, seconds=seconds).run()
    finally:
        collector.close()
    if not record.has_ended:
        anvil.server.launch_background_task("collect_now", collection_id)
