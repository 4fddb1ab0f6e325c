"""Facts about SQS queues: URL, limits and depth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import BadSettings, QueueMissing, QueueUnavailable
from ...ports import QueueDepth
from .errors import translate_aws_errors

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: SQS's limit before 2025, for a server that does not report one.
_OLD_MAX_MESSAGE_BYTES = 262_144
_DEFAULT_VISIBILITY_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueInfo:
    """Facts about a queue; ``name`` is as configured: a name, a URL or an ARN."""

    name: str
    url: str
    max_message_bytes: int
    visibility_seconds: int
    is_fifo: bool


def look_up_queue(client: SQSClient, queue_name: str) -> QueueInfo:
    """Read the facts about a queue. Raises QueueMissing, AccessDenied, QueueUnavailable."""
    return read_queue_info(client, queue_name, find_queue_url(client, queue_name))


def read_queue_info(client: SQSClient, queue_name: str, url: str) -> QueueInfo:
    """Read the facts about a queue by its URL. Raises as ``look_up_queue`` does."""
    attributes = read_attributes(client, queue_name, url)
    return QueueInfo(
        name=queue_name,
        url=url,
        max_message_bytes=int(attributes.get("MaximumMessageSize", _OLD_MAX_MESSAGE_BYTES)),
        visibility_seconds=int(attributes.get("VisibilityTimeout", _DEFAULT_VISIBILITY_SECONDS)),
        is_fifo=url.endswith(".fifo"),
    )


def look_up_dead_letter_queue(client: SQSClient, queue: QueueInfo) -> QueueInfo:
    """Return the dead-letter queue of a queue. Raises as ``look_up_queue``, also if it has none."""
    arn = dead_letter_arn(read_attributes(client, queue.name, queue.url))
    if arn is None:
        raise QueueMissing(
            f"Queue {queue.name} has no dead-letter queue. Create it with `runstream setup`."
        )
    return look_up_queue(client, dead_letter_queue_url(client, arn))


def dead_letter_arn(attributes: Mapping[str, str]) -> str | None:
    """Return the ARN of a queue's dead-letter queue; None where it has none."""
    try:
        arn = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    except (ValueError, KeyError, TypeError):
        return None
    # Another server than SQS may have null or an empty text, where there is none, or a name.
    return arn if isinstance(arn, str) and ":" in arn else None


def dead_letter_queue_url(client: SQSClient, arn: str) -> str:
    """Fetch the URL of a dead-letter queue, which has the account and region of its queue."""
    account, name = arn.split(":")[-2:]
    return _fetch_queue_url(client, name, account)


def queue_depth(client: SQSClient, queue_name: str) -> QueueDepth:
    """Count a queue's messages. Raises QueueMissing, AccessDenied, QueueUnavailable."""
    attributes = read_attributes(client, queue_name, find_queue_url(client, queue_name))
    return QueueDepth(
        visible=int(attributes.get("ApproximateNumberOfMessages", 0)),
        in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(attributes.get("ApproximateNumberOfMessagesDelayed", 0)),
    )


def is_arn(queue_name: str) -> bool:
    """Return whether a queue is given by its ARN, in whatever case."""
    return queue_name.lower().startswith("arn:")


def find_queue_url(client: SQSClient, queue_name: str) -> str:
    """Return the URL of a queue that is given by name, URL or ARN."""
    if queue_name.lower().startswith(("https://", "http://")):
        return queue_name
    if is_arn(queue_name):
        account, name = _parse_arn(queue_name, client.meta.region_name)
        return _fetch_queue_url(client, name, account)
    return _fetch_queue_url(client, queue_name)


def _fetch_queue_url(client: SQSClient, name: str, account: str | None = None) -> str:
    """Fetch the URL of a queue of an account, without one of the credentials' own."""
    owner = {"QueueOwnerAWSAccountId": account} if account else {}
    with translate_aws_errors(f"Queue {name} in {client.meta.region_name}"):
        answer = client.get_queue_url(QueueName=name, **owner)
    if not answer.get("QueueUrl"):
        raise QueueUnavailable(f"Queue {name}: the answer to GetQueueUrl is not SQS's.")
    return answer["QueueUrl"]


def _parse_arn(arn: str, region: str) -> tuple[str, str]:
    """Return account and name of a queue. Raises BadSettings where the ARN is not in ``region``.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    """
    *parts, name = arn.split(":")
    parts = [part.lower() for part in parts]  # only the queue's name is case-sensitive
    if len(parts) != 5 or parts[2] != "sqs":
        raise BadSettings([f"{arn} is not the ARN of an SQS queue: give its name, URL or ARN"])
    if parts[3] != region:
        raise BadSettings(
            [f"Queue {arn} is in {parts[3]}, but the region is {region}: set AWS_DEFAULT_REGION"]
        )
    return parts[4], name


def read_attributes(client: SQSClient, queue_name: str, url: str) -> dict[str, str]:
    """Read all attributes of a queue. Raises QueueMissing, AccessDenied, QueueUnavailable."""
    # Not by their names, because SQS refuses the names of FIFO attributes for a standard queue.
    with translate_aws_errors(f"Queue {queue_name} in {client.meta.region_name}"):
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return {str(name): value for name, value in answer.get("Attributes", {}).items()}
