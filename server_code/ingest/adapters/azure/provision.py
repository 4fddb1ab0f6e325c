"""Creation and correction of queues."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from ...ports.queues import MAX_RECEIVES
from .errors import translate_azure_errors

if TYPE_CHECKING:
    from azure.servicebus.management import QueueProperties, ServiceBusAdministrationClient

#: How long a received message is locked, in the job events queue and in the queues for readers.
WORK_LOCK_SECONDS = 120
READER_LOCK_SECONDS = 60

#: A message whose id was sent within this time is dropped. Longer windows cost throughput.
DUPLICATE_WINDOW_SECONDS = 600


def ensure_queue(client: ServiceBusAdministrationClient, name: str, *, is_work_queue: bool) -> str:
    """Create a queue, or raise the lock and delivery count of an old one; return what was done.

    The work queue has no duplicate detection: the work item of a log that is not ready is sent
    again with its id. A topic of that name is left as it is.
    """
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    lock = timedelta(seconds=WORK_LOCK_SECONDS if is_work_queue else READER_LOCK_SECONDS)
    with translate_azure_errors(f"Queue {name}"):
        try:
            return _correct(client, client.get_queue(name), lock)
        except ResourceNotFoundError:
            pass
        try:
            client.create_queue(
                name,
                lock_duration=lock,
                max_delivery_count=MAX_RECEIVES,
                requires_duplicate_detection=not is_work_queue,
                duplicate_detection_history_time_window=timedelta(seconds=DUPLICATE_WINDOW_SECONDS),
                dead_lettering_on_message_expiration=True,
            )
        except ResourceExistsError:
            with suppress(ResourceNotFoundError):  # another setup may have created the queue since
                return _correct(client, client.get_queue(name), lock)
            return f"Topic {name} exists; you manage its subscriptions."
    return f"Queue {name} created."


def _correct(
    client: ServiceBusAdministrationClient, queue: QueueProperties, lock: timedelta
) -> str:
    """Raise lock duration and delivery count to the minimum; higher values stay."""
    is_long_enough = isinstance(queue.lock_duration, timedelta) and queue.lock_duration >= lock
    if is_long_enough and (queue.max_delivery_count or 0) >= MAX_RECEIVES:
        return f"Queue {queue.name} exists."
    queue.lock_duration = queue.lock_duration if is_long_enough else lock
    queue.max_delivery_count = max(queue.max_delivery_count or 0, MAX_RECEIVES)
    client.update_queue(queue)
    return f"Queue {queue.name} corrected."
