"""Entries of SQS batch requests, and of answers about messages that were not accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...messaging.claim_check import PAYLOAD_SIZE_ATTRIBUTE
from ...messaging.encoding import QueueMessage
from ...ports import SendFailure
from .errors import is_invalid_message
from .queues import QueueInfo

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        MessageAttributeValueTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

#: Stands in for an entry that is missing in an answer.
MISSING_ENTRY: BatchResultErrorEntryTypeDef = {
    "Id": "",
    "Code": "NotMentioned",
    "SenderFault": False,
    "Message": "The answer of SQS does not mention this message.",
}


def batch_entry(
    entry_id: str, message: QueueMessage, queue: QueueInfo
) -> SendMessageBatchRequestEntryTypeDef:
    """Return a message as the entry of a batch."""
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": entry_id,
        "MessageBody": message.body,
        "MessageAttributes": {
            name: _attribute(name, value) for name, value in message.attributes.items()
        },
    }
    if queue.is_fifo:
        # FIFO queues refuse a message with a delay of its own.
        entry["MessageGroupId"] = message.group
        entry["MessageDeduplicationId"] = message.event_id
    elif message.delay_seconds:
        entry["DelaySeconds"] = message.delay_seconds
    return entry


def _attribute(name: str, value: str) -> MessageAttributeValueTypeDef:
    kind = "Number" if name == PAYLOAD_SIZE_ATTRIBUTE else "String"
    return {"DataType": kind, "StringValue": value}


def batch_failure(message: QueueMessage, failed: BatchResultErrorEntryTypeDef) -> SendFailure:
    """Describe a message that was not sent; this is final only if the message is invalid."""
    return SendFailure(
        event_id=message.event_id,
        reason=failed.get("Message", "SQS gave no reason."),
        is_final=bool(failed.get("SenderFault")) and is_invalid_message(failed.get("Code", "")),
    )
