"""Grouping messages into batches that a queue takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .encoding import QueueMessage


def batches(
    messages: Iterable[QueueMessage], *, max_count: int, max_bytes: int
) -> Iterator[list[QueueMessage]]:
    """Yield batches in order, each of at most ``max_count`` messages and ``max_bytes`` together.

    A message larger than ``max_bytes`` gets a batch of its own; refusing it is the queue's part.
    """
    batch: list[QueueMessage] = []
    batch_bytes = 0
    for message in messages:
        size = message.size_bytes
        if batch and (len(batch) == max_count or batch_bytes + size > max_bytes):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(message)
        batch_bytes += size
    if batch:
        yield batch
