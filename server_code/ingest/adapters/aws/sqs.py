"""Queues in SQS: the ports Publisher and WorkQueue."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...domain.batches import chunks
from ...domain.counters import Counters, sent_messages_counter
from ...errors import QueueUnavailable
from ...messaging.encoding import QueueMessage, escape_json
from ...messaging.envelope import event_id
from ...ports import Publisher, ReceivedMessage, SendFailure, WorkQueue
from ...ports.queues import REJECTION_ATTRIBUTE
from .clients import count_requests
from .entries import MISSING_ENTRY, batch_entry, batch_failure
from .errors import ErrorKind, error_kind_in, translate_aws_errors
from .queues import QueueInfo, look_up_dead_letter_queue, look_up_queue, read_queue_info

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_sqs import SQSClient
    from typing_extensions import Self

logger = logging.getLogger(__name__)

#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
MAX_BATCH_COUNT = 10

#: No queue of SQS has a lower limit.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
SMALLEST_LIMIT_BYTES = 1024


class SqsPublisher(Publisher):
    """A publisher to one SQS queue."""

    max_batch_count = MAX_BATCH_COUNT

    def __init__(self, client: SQSClient, queue: QueueInfo, counters: Counters) -> None:
        self._client = client
        self._queue = queue
        self._counters = counters

    @classmethod
    def open(cls, client: SQSClient, queue_name: str, counters: Counters) -> Self:
        """Open a queue, given by name, URL or ARN, and count the client's requests.

        Raises QueueMissing, AccessDenied, QueueUnavailable.
        """
        count_requests(client, counters)
        return cls(client, look_up_queue(client, queue_name), counters)

    @property
    def queue_name(self) -> str:
        """Return the name or URL of the queue as it was configured."""
        return self._queue.name

    @property
    def max_message_bytes(self) -> int:
        """Return the queue's own limit; it is read again when the queue refuses a message."""
        return self._queue.max_message_bytes

    def send(self, batch: Sequence[QueueMessage]) -> tuple[SendFailure, ...]:
        """Send up to 10 messages in one request; return those that SQS did not accept.

        A batch that SQS refuses whole is sent message by message, so that an invalid message does
        not stop the others.
        """
        from botocore.exceptions import ClientError

        if not batch:
            return ()
        with translate_aws_errors(f"Queue {self.queue_name}"):
            try:
                failures = self._send_batch(batch)
            except ClientError as error:
                if error_kind_in(error) is not ErrorKind.REFUSED:
                    raise
                failures = self._refusal_failures(batch, error)
                if len(batch) > 1:
                    return tuple(failed for each in batch for failed in self._send_one(each))
        failures = self._recheck_limit(batch, failures)
        self._counters.add(sent_messages_counter(self.queue_name), len(batch) - len(failures))
        return failures

    def _send_batch(self, batch: Sequence[QueueMessage]) -> tuple[SendFailure, ...]:
        answer = self._client.send_message_batch(
            QueueUrl=self._queue.url,
            Entries=[batch_entry(str(i), message, self._queue) for i, message in enumerate(batch)],
        )
        sent = {entry["Id"] for entry in answer.get("Successful", ())}
        failed = {entry["Id"]: entry for entry in answer.get("Failed", ())}
        if not sent and not failed:
            raise self._not_from_sqs()
        return tuple(
            batch_failure(message, failed.get(str(i), MISSING_ENTRY))
            for i, message in enumerate(batch)
            if str(i) not in sent
        )

    def _recheck_limit(
        self, batch: Sequence[QueueMessage], failures: tuple[SendFailure, ...]
    ) -> tuple[SendFailure, ...]:
        """Read the queue's limits again if it refused a message.

        A message that fitted the former limit did not fail for good: it can be encoded to
        fit the new one. Nor did any, if the limits cannot be read now: what SQS has accepted of the
        batch stays accepted.
        """
        refused = {failure.event_id for failure in failures if failure.is_final}
        if not any(
            each.size_bytes > SMALLEST_LIMIT_BYTES for each in batch if each.event_id in refused
        ):
            return failures
        former_limit = self._queue.max_message_bytes
        try:
            self._queue = read_queue_info(self._client, self._queue.name, self._queue.url)
        except QueueUnavailable:
            return tuple(replace(failure, is_final=False) for failure in failures)
        limit = self._queue.max_message_bytes
        fitted = {each.event_id for each in batch if limit < each.size_bytes <= former_limit}
        return tuple(
            replace(failure, is_final=False) if failure.event_id in fitted else failure
            for failure in failures
        )

    def _not_from_sqs(self) -> QueueUnavailable:
        """Return the error for a 200 without any message, as from a proxy or portal."""
        return QueueUnavailable(f"Queue {self.queue_name} returned an answer that is not SQS's.")

    def _send_one(self, message: QueueMessage) -> tuple[SendFailure, ...]:
        """Send one message of a batch; an error must not hide the results of earlier messages."""
        try:
            return self.send([message])
        except QueueUnavailable as error:
            return (SendFailure(event_id=message.event_id, reason=str(error), is_final=False),)

    def _refusal_failures(
        self, batch: Sequence[QueueMessage], error: ClientError
    ) -> tuple[SendFailure, ...]:
        details = error.response["Error"]
        logger.warning(
            "batch refused", extra={"queue": self.queue_name, "messages": len(batch), **details}
        )
        entry: Any = {"Code": "Unknown", "SenderFault": True, **details}
        return tuple(batch_failure(message, entry) for message in batch)


class SqsWorkQueue(SqsPublisher, WorkQueue):
    """A work queue in SQS."""

    @property
    def visibility_seconds(self) -> int:
        """Return for how many seconds a received message stays hidden."""
        return self._queue.visibility_seconds

    def receive(self, *, max_messages: int, wait_seconds: int) -> list[ReceivedMessage]:
        """Receive up to 10 messages; waits for the first up to ``wait_seconds`` (20 at most)."""
        ends_at = time.monotonic() + wait_seconds
        with translate_aws_errors(f"Queue {self.queue_name}"):
            answer = self._client.receive_message(
                QueueUrl=self._queue.url,
                MaxNumberOfMessages=max_messages,
                WaitTimeSeconds=wait_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        messages = answer.get("Messages", ())
        if not messages:
            # A proxy that answers in the place of SQS may answer at once.
            threading.Event().wait(max(ends_at - time.monotonic(), 0))
        return [
            ReceivedMessage(
                body=message["Body"],
                receipt_handle=message["ReceiptHandle"],
                receive_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for message in messages
        ]

    def extend_visibility(self, message: ReceivedMessage, *, seconds: int) -> None:
        """Hide a message for ``seconds`` from now, unless its visibility timeout has ended."""
        from botocore.exceptions import ClientError

        with translate_aws_errors(f"Queue {self.queue_name}"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._queue.url,
                    ReceiptHandle=str(message.receipt_handle),
                    VisibilityTimeout=seconds,
                )
            except ClientError as error:
                # Its visibility timeout ended, and another worker received or deleted it.
                if error_kind_in(error) is not ErrorKind.REFUSED:
                    raise
                logger.info("message no longer ours", extra={"queue": self.queue_name})

    def release(self, message: ReceivedMessage, *, after_seconds: int) -> None:
        """Make a message visible again after ``after_seconds``; SQS accepts any time."""
        self.extend_visibility(message, seconds=after_seconds)

    def reject(self, message: ReceivedMessage, *, reason: str) -> None:
        """Move a message to the dead-letter queue, with the reason, JSON-escaped, as an attribute.

        Raises QueueMissing where the queue has no dead-letter queue, else as ``send`` does.
        """
        dead_letters = SqsPublisher(
            self._client, look_up_dead_letter_queue(self._client, self._queue), self._counters
        )
        dead_letter = QueueMessage(
            event_id=event_id("rejected", message.body),
            group="rejected",
            body=message.body,
            attributes={REJECTION_ATTRIBUTE: escape_json(reason)},
        )
        for failure in dead_letters.send([dead_letter]):
            raise QueueUnavailable(f"{dead_letters.queue_name} refused it: {failure.reason}")
        self.delete([message])

    def delete(self, messages: Sequence[ReceivedMessage]) -> None:
        """Delete messages in batches; messages that a batch did not delete are tried once more.

        A receipt that is no longer valid is no error: the message comes again, or is gone.
        """
        for batch in chunks(messages, MAX_BATCH_COUNT):
            left = self._delete_batch(self._delete_batch(batch))
            if left:
                raise QueueUnavailable(
                    f"Queue {self.queue_name} did not delete {len(left)} messages."
                )

    def _delete_batch(self, batch: Sequence[ReceivedMessage]) -> list[ReceivedMessage]:
        """Delete messages; return those to try again."""
        if not batch:
            return []
        with translate_aws_errors(f"Queue {self.queue_name}"):
            answer = self._client.delete_message_batch(
                QueueUrl=self._queue.url,
                Entries=[
                    {"Id": str(i), "ReceiptHandle": str(message.receipt_handle)}
                    for i, message in enumerate(batch)
                ],
            )
        failures = answer.get("Failed", ())
        if not failures and not answer.get("Successful"):
            raise self._not_from_sqs()
        return [batch[int(failed["Id"])] for failed in failures if not failed.get("SenderFault")]
