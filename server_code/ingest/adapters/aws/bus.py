"""SQS and S3 as a message bus: the port EventBus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from ...domain.counters import Counters
from ...ports import EventBus, QueueDepth
from ...settings import AwsSettings, QueueSettings
from .clients import s3_client, sqs_client
from .queues import queue_depth
from .sqs import SqsPublisher, SqsWorkQueue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from ...ports.inspection import QueueInspector
    from .s3 import S3BlobStore


class AwsBus(EventBus):
    """The queues and the bucket of one AWS account; clients are made when they are needed."""

    def __init__(self, aws: AwsSettings, queues: QueueSettings) -> None:
        self._aws = aws
        self._queues = queues
        self._opened = ExitStack()

    def open_publisher(self, name: str, counters: Counters) -> SqsPublisher:
        """Open a queue for sending."""
        return SqsPublisher.open(self._sqs, name, counters)

    def open_work_queue(self, name: str, counters: Counters) -> SqsWorkQueue:
        """Open a queue for sending and receiving."""
        return SqsWorkQueue.open(self._sqs, name, counters)

    def open_dead_letters(self, name: str, counters: Counters) -> SqsWorkQueue:
        """Open the dead-letter queue that ``setup`` gives a queue."""
        from .provision import dead_letter_name

        return SqsWorkQueue.open(self._sqs, dead_letter_name(name), counters)

    def open_blobs(self) -> S3BlobStore | None:
        """Open LOG_BUCKET; None where none is set."""
        bucket = self._queues.log_bucket
        if bucket is None:
            return None
        from .s3 import S3BlobStore

        return S3BlobStore(self._s3, bucket)

    def inspector(self) -> QueueInspector:
        """Return the checks of ``doctor``."""
        from .inspect import AwsInspector

        return AwsInspector(self._sqs, self._s3)

    def set_up(self) -> Iterator[str]:
        """Create queues and bucket; yield what was done. Raises AccessDenied, BadSettings."""
        from .provision import ensure_queues
        from .provision_bucket import ensure_bucket

        queues = self._queues
        yield from ensure_queues(self._sqs, *queues.names)
        if queues.log_bucket is not None:
            yield ensure_bucket(self._s3, queues.log_bucket)

    def depth(self, name: str) -> QueueDepth:
        """Count the messages of a queue."""
        return queue_depth(self._sqs, name)

    def close(self) -> None:
        """Close the clients."""
        self._opened.close()

    @cached_property
    def _sqs(self) -> SQSClient:
        client = sqs_client(self._aws)
        self._opened.callback(client.close)
        return client

    @cached_property
    def _s3(self) -> S3Client:
        client = s3_client(self._aws)
        self._opened.callback(client.close)
        return client
