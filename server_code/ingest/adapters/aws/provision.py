"""Queues and their dead-letter queues: created where missing, updated where they differ.

Existing queues keep what a person chose: limits are raised and never lowered (a shorter retention
deletes messages), and their redrive policy or encryption key stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import QueueMissing
from ...ports.queues import MAX_RECEIVES
from .clients import LONG_POLL_SECONDS
from .errors import translate_aws_errors
from .queues import find_queue_url, read_attributes

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_DAY_SECONDS = 86_400

#: SQS does not charge for retention. A message keeps its age when it moves to the dead-letter queue
#: of a standard queue. With the maximum there, at least 7 days remain to inspect a message.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
RETENTION_SECONDS = 7 * _DAY_SECONDS
DEAD_LETTER_RETENTION_SECONDS = 14 * _DAY_SECONDS

MAX_MESSAGE_BYTES = 1_048_576
#: A log is fetched in seconds, and a worker extends the timeout. When a worker dies, its work is
#: visible again soon.
WORK_VISIBILITY_SECONDS = 120

#: Attributes that are raised, and never lowered.
_AT_LEAST = frozenset({"MessageRetentionPeriod", "MaximumMessageSize", "VisibilityTimeout"})


def ensure_queues(client: SQSClient, metrics: str, logs: str, job_events: str) -> list[str]:
    """Create the three queues, each with its dead-letter queue; return what was done to each.

    Names that end in ``.fifo`` get FIFO queues, and FIFO dead-letter queues. Running it again
    changes nothing. Raises AccessDenied, QueueUnavailable, BadSettings for a name SQS refuses.
    """
    extras: dict[str, dict[str, str]] = {
        metrics: {},
        logs: {},
        job_events: {"VisibilityTimeout": str(WORK_VISIBILITY_SECONDS)},
    }
    return [done for name, extra in extras.items() for done in _ensure_pair(client, name, extra)]


def dead_letter_name(name: str) -> str:
    """Return the name of a queue's dead-letter queue; ``.fifo`` has to stay at the end."""
    stem = name.removesuffix(".fifo")
    return f"{stem}_dlq{name[len(stem) :]}"


def _ensure_pair(client: SQSClient, name: str, extra: Mapping[str, str]) -> Iterator[str]:
    """Create the dead-letter queue first: the queue's redrive policy names it."""
    dead_letters = dead_letter_name(name)
    yield _ensure_queue(client, dead_letters, _wanted(dead_letters, DEAD_LETTER_RETENTION_SECONDS))
    url = find_queue_url(client, dead_letters)
    arn = read_attributes(client, dead_letters, url)["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
    wanted = {**_wanted(name, RETENTION_SECONDS), **extra, "RedrivePolicy": redrive}
    yield _ensure_queue(client, name, wanted)


def new_queue_attributes(name: str, retention_seconds: int) -> dict[str, Any]:
    """Return the attributes of a new queue, as CloudFormation has them too."""
    attributes: dict[str, Any] = {
        "MessageRetentionPeriod": retention_seconds,
        "MaximumMessageSize": MAX_MESSAGE_BYTES,
        "ReceiveMessageWaitTimeSeconds": LONG_POLL_SECONDS,
        "SqsManagedSseEnabled": True,
    }
    if name.endswith(".fifo"):
        # Order and deduplication within a message group (a run): the high-throughput mode.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
        attributes["FifoQueue"] = True
        attributes["DeduplicationScope"] = "messageGroup"
        attributes["FifoThroughputLimit"] = "perMessageGroupId"
    return attributes


def _wanted(name: str, retention_seconds: int) -> dict[str, str]:
    attributes = new_queue_attributes(name, retention_seconds)
    return {key: "true" if value is True else str(value) for key, value in attributes.items()}


def _ensure_queue(client: SQSClient, name: str, wanted: dict[str, str]) -> str:
    try:
        url = find_queue_url(client, name)
    except QueueMissing:
        with translate_aws_errors(f"Queue {name}"):
            client.create_queue(QueueName=name, Attributes=wanted)  # type: ignore[arg-type] # open names
        return f"queue {name} created"
    current = read_attributes(client, name, url)
    changes = {
        each: value for each, value in wanted.items() if not _is_satisfied(each, value, current)
    }
    if not changes:
        return f"queue {name} unchanged"
    with translate_aws_errors(f"Queue {name}"):
        client.set_queue_attributes(QueueUrl=url, Attributes=changes)  # type: ignore[arg-type] # open names
    details = (f"{each} {current.get(each, 'unset')} -> {value}" for each, value in changes.items())
    return f"queue {name} adjusted: {', '.join(details)}"


def _is_satisfied(attribute: str, value: str, current: Mapping[str, str]) -> bool:
    found = current.get(attribute)
    if attribute in _AT_LEAST:
        return found is not None and int(found) >= int(value)
    if attribute == "RedrivePolicy":
        return bool(found)
    if attribute == "SqsManagedSseEnabled" and current.get("KmsMasterKeyId"):
        return True
    return (found or "").lower() == value.lower()
