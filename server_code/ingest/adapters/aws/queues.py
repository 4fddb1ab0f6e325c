"""What SQS tells of its queues: where they are, their limits, how full they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import QueueMissing, QueueUnavailable
from .errors import aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: What every queue took before 2025; a server that does not tell takes at least this.
_OLD_MAX_MESSAGE_BYTES = 262_144
_DEFAULT_VISIBILITY_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """Be what SQS says of a queue; ``name`` is as configured, a name or a URL."""

    name: str
    url: str
    max_message_bytes: int
    visibility_timeout_seconds: int
    is_fifo: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """Count a queue's messages, approximately as SQS does."""

    visible: int
    in_flight: int
    delayed: int


def look_up_queue(client: SQSClient, queue_name: str) -> QueueFacts:
    """Look a queue up by name or URL. Raises QueueMissing, AccessDenied, QueueUnavailable."""
    url = find_queue(client, queue_name)
    attributes = read_attributes(client, queue_name, url)
    return QueueFacts(
        name=queue_name,
        url=url,
        max_message_bytes=int(attributes.get("MaximumMessageSize", _OLD_MAX_MESSAGE_BYTES)),
        visibility_timeout_seconds=int(
            attributes.get("VisibilityTimeout", _DEFAULT_VISIBILITY_SECONDS)
        ),
        is_fifo=url.endswith(".fifo"),
    )


def look_up_dead_letters(client: SQSClient, queue: QueueFacts) -> QueueFacts:
    """Look up the dead-letter queue of a queue; raises QueueMissing where it has none."""
    policy = read_attributes(client, queue.name, queue.url).get("RedrivePolicy", "{}")
    try:
        account, name = json.loads(policy)["deadLetterTargetArn"].split(":")[-2:]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise QueueMissing(f"Queue {queue.name} has no dead-letter queue: run setup.") from error
    with aws_errors(f"Queue {name} in {client.meta.region_name}"):
        url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    return look_up_queue(client, url)


def queue_depth(client: SQSClient, queue_name: str) -> QueueDepth:
    """Count a queue's messages. Raises QueueMissing, AccessDenied, QueueUnavailable."""
    attributes = read_attributes(client, queue_name, find_queue(client, queue_name))
    return QueueDepth(
        visible=int(attributes.get("ApproximateNumberOfMessages", 0)),
        in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(attributes.get("ApproximateNumberOfMessagesDelayed", 0)),
    )


def find_queue(client: SQSClient, queue_name: str) -> str:
    """Find a queue's URL, which may itself be the name."""
    if queue_name.startswith(("https://", "http://")):
        return queue_name
    with aws_errors(f"Queue {queue_name} in {client.meta.region_name}"):
        url = client.get_queue_url(QueueName=queue_name).get("QueueUrl")
    if not url:
        raise QueueUnavailable(f"Asked for queue {queue_name}, something other than SQS answered.")
    return url


def read_attributes(client: SQSClient, queue_name: str, url: str) -> dict[str, str]:
    """Read all attributes of a queue. Raises QueueMissing, AccessDenied, QueueUnavailable."""
    # All: SQS refuses to name FIFO attributes of a queue that is not one.
    with aws_errors(f"Queue {queue_name} in {client.meta.region_name}"):
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return {str(name): value for name, value in answer.get("Attributes", {}).items()}
