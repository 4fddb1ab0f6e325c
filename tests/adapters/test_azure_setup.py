"""What ``setup`` says where queues are made by others at the same time."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from ingest.adapters.azure.provision import WORK_LOCK_SECONDS, ensure_queue
from ingest.ports.queues import MAX_RECEIVES


class RacedAdministration:
    """Service Bus, in which another process creates the queue just before this one does."""

    def __init__(self) -> None:
        self.queue: SimpleNamespace | None = None

    def get_queue(self, name: str) -> SimpleNamespace:
        """Return the queue, once it is there."""
        if self.queue is None:
            raise ResourceNotFoundError(name)
        return self.queue

    def create_queue(self, name: str, **_options: object) -> None:
        """Refuse: another process was faster."""
        lock = timedelta(seconds=WORK_LOCK_SECONDS)
        self.queue = SimpleNamespace(name=name, lock_duration=lock, max_delivery_count=MAX_RECEIVES)
        raise ResourceExistsError(name)


def test_a_queue_that_another_setup_has_just_created_is_no_topic() -> None:
    done = ensure_queue(RacedAdministration(), "jobs", is_work_queue=True)
    assert done == "Queue jobs exists."
