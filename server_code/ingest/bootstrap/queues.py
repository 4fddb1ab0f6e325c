"""The queues and the bucket: creating missing ones, and their depths."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from ..errors import IngestError
from ..settings import AwsSettings
from .access import aws_access

if TYPE_CHECKING:
    from ..adapters.aws import QueueDepth


def set_up_queues(aws: AwsSettings) -> Iterator[str]:
    """Create queues and bucket; yield what was done. Raises AccessDenied, BadSettings."""
    from ..adapters.aws import s3_client, sqs_client
    from ..adapters.aws.provision import ensure_queues
    from ..adapters.aws.provision_bucket import ensure_bucket

    access = aws_access(aws)
    with closing(sqs_client(access)) as sqs:
        done = ensure_queues(
            sqs, metrics=aws.metrics_queue, logs=aws.logs_queue, job_events=aws.job_events_queue
        )
    yield from map(str, done)
    if aws.log_bucket is not None:
        with closing(s3_client(access)) as s3:
            yield str(ensure_bucket(s3, aws.log_bucket))


def queue_depths(aws: AwsSettings) -> dict[str, QueueDepth | IngestError]:
    """Fetch the depth of each queue, or the error of one that does not answer."""
    from ..adapters.aws import queue_depth, sqs_client

    names = (aws.metrics_queue, aws.logs_queue, aws.job_events_queue)
    depths: dict[str, QueueDepth | IngestError] = {}
    try:
        with closing(sqs_client(aws_access(aws))) as client:
            for name in names:
                try:
                    depths[name] = queue_depth(client, name)
                except IngestError as error:
                    depths[name] = error
    except IngestError as error:
        return dict.fromkeys(names, error)
    return depths
