"""Grouping messages into batches that SQS takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .envelope import QueueMessage

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_BATCH_COUNT = 10


def batches(messages: Iterable[QueueMessage], *, max_bytes: int) -> Iterator[list[QueueMessage]]:
    """Yield batches in order, each of at most 10 messages and ``max_bytes`` bytes together.

    A message larger than ``max_bytes`` gets a batch of its own; refusing it is the queue's part.
    """
    batch: list[QueueMessage] = []
    batch_bytes = 0
    for message in messages:
        size = message.size_bytes
        if batch and (len(batch) == MAX_BATCH_COUNT or batch_bytes + size > max_bytes):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(message)
        batch_bytes += size
    if batch:
        yield batch
