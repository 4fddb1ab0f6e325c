"""The checks of queues and bucket, which leave nothing behind: the port QueueInspector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import IngestError
from ...ports.inspection import BusRemedies, QueueAttributes, QueueInspector
from .errors import translate_aws_errors
from .queues import (
    dead_letter_arn,
    dead_letter_queue_url,
    find_queue_url,
    look_up_queue,
    queue_depth,
    read_attributes,
)
from .remedies import NETWORK_REMEDY
from .s3 import check_upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


class AwsInspector(QueueInspector):
    """Checks of SQS and S3 that change nothing."""

    remedies = BusRemedies(
        missing="If it exists elsewhere, correct its name or AWS_DEFAULT_REGION.",
        denied="runstream setup --print-iam prints the policy that the credentials need.",
        unreachable=NETWORK_REMEDY,
    )

    def __init__(self, sqs: SQSClient, s3: S3Client) -> None:
        self._sqs = sqs
        self._s3 = s3

    def inspect_queue(self, name: str) -> QueueAttributes:
        """Read a queue's limits and depth, and those of its dead-letter queue."""
        facts = look_up_queue(self._sqs, name)
        attributes = read_attributes(self._sqs, name, facts.url)
        arn = dead_letter_arn(attributes)
        return QueueAttributes(
            max_message_bytes=facts.max_message_bytes,
            visibility_seconds=facts.visibility_seconds,
            waiting=int(attributes.get("ApproximateNumberOfMessages", 0)),
            dead_letter_queue=None if arn is None else arn.rpartition(":")[2],
            dead_letters=self._count_dead_letters(arn),
        )

    def check_can_send(self, name: str) -> None:
        """Send an empty batch: SQS refuses it, but checks the permission first."""
        from botocore.exceptions import ClientError

        url = find_queue_url(self._sqs, name)
        with translate_aws_errors(f"Queue {name}"):
            try:
                self._sqs.send_message_batch(QueueUrl=url, Entries=[])
            except ClientError as error:
                if not error.response["Error"]["Code"].endswith("EmptyBatchRequest"):
                    raise

    def check_can_store(self, bucket: str) -> None:
        """Check that logs may be stored; reading the bucket would need another permission."""
        check_upload(self._s3, bucket)

    def _count_dead_letters(self, arn: str | None) -> int | None:
        """Count messages; None without the permission, which a collector does not need."""
        if arn is None:
            return None
        try:
            return queue_depth(self._sqs, dead_letter_queue_url(self._sqs, arn)).visible
        except IngestError:
            return None
