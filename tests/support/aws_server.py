"""SQS and S3 for the tests: the product's own local AWS, and clients that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

from standalone.local.aws import LocalAws

__all__ = ["LocalAws", "s3_client", "sqs_client", "take_messages"]

_CREDENTIALS = {
    "region_name": "us-east-1",
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
    "config": Config(retries={"total_max_attempts": 1}),  # a test sees each answer itself
}


def sqs_client(aws: LocalAws):
    """Open an SQS client of a test's own, whatever the environment says."""
    return boto3.client("sqs", endpoint_url=aws.endpoint_url, **_CREDENTIALS)


def take_messages(sqs, queue: str, *, wait_seconds: int = 0) -> Iterator[dict[str, Any]]:
    """Receive and delete every message of a queue."""
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    # Without a word about it, a receive waits as long as the queue says.
    request = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": wait_seconds}
    while found := sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], **request).get(
        "Messages"
    ):
        for message in found:
            yield message
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def s3_client(aws: LocalAws):
    """Open an S3 client of a test's own, whatever the environment says."""
    return boto3.client("s3", endpoint_url=aws.endpoint_url, **_CREDENTIALS)
