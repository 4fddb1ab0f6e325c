"""Creating missing queues and the bucket, and reading the depths of queues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from ..errors import IngestError
from ..ports import QueueDepth
from ..settings import Settings
from .buses import open_bus


def set_up_queues(settings: Settings) -> Iterator[str]:
    """Create queues and bucket; yield what was done. Raises AccessDenied, BadSettings."""
    with closing(open_bus(settings)) as bus:
        yield from bus.set_up()


def queue_depth(settings: Settings, name: str) -> QueueDepth:
    """Fetch the depth of one queue. Raises what the bus raises."""
    with closing(open_bus(settings)) as bus:
        return bus.depth(name)


def count_dead_letters(settings: Settings) -> int | None:
    """Count the dead letters of the job events queue; None if the bus does not report them."""
    with closing(open_bus(settings)) as bus:
        return bus.inspector().inspect_queue(settings.queues.job_events_queue).dead_letters


def queue_depths(settings: Settings) -> dict[str, QueueDepth | IngestError]:
    """Fetch the depth of each queue, or the error of one that does not answer."""
    names = settings.queues.names
    depths: dict[str, QueueDepth | IngestError] = {}
    try:
        with closing(open_bus(settings)) as bus:
            for name in names:
                try:
                    depths[name] = bus.depth(name)
                except IngestError as error:
                    depths[name] = error
    except IngestError as error:
        return dict.fromkeys(names, error)
    return depths
