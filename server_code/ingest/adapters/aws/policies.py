"""The least privileges of a collector and of a reader, for IAM. Sends no request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .provision import dead_letter_name
from .provision_bucket import LOG_PREFIX
from .queues import is_arn

#: What is in a document: text, or CloudFormation's own functions.
Arn = str | Mapping[str, Any]

_SEND = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
_RECEIVE = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
_READ = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", *_RECEIVE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The resources of a collector in any account; ``*`` stands for any region."""

    metrics_queue: str
    logs_queue: str
    job_events_queue: str
    log_bucket: str | None = None
    region: str = "*"

    def queue_arn(self, name: str) -> str:
        """Name a queue as IAM does; a URL names it by its last part, an ARN is its name."""
        if is_arn(name):
            *parts, queue = name.split(":")
            return ":".join([*map(str.lower, parts), queue])
        return f"arn:aws:sqs:{self.region}:*:{name.rsplit('/', 1)[-1]}"

    @property
    def objects_arn(self) -> str | None:
        """Name the logs in the bucket as IAM does."""
        if not self.log_bucket:
            return None
        return f"arn:aws:s3:::{self.log_bucket}/{LOG_PREFIX}*"


def collector_policy(deployment: Deployment) -> dict[str, Any]:
    """Allow what the collector does: send to three queues, receive from one, store logs."""
    objects = deployment.objects_arn
    statements = collector_statements(
        metrics=deployment.queue_arn(deployment.metrics_queue),
        logs=deployment.queue_arn(deployment.logs_queue),
        job_events=deployment.queue_arn(deployment.job_events_queue),
        dead_letters=deployment.queue_arn(dead_letter_name(deployment.job_events_queue)),
    )
    return document([*statements, *([] if objects is None else [store_logs(objects)])])


def allow(sid: str, actions: Sequence[str], resources: Sequence[Arn]) -> dict[str, Any]:
    """Write a statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Write a policy of statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def collector_statements(
    *, metrics: Arn, logs: Arn, job_events: Arn, dead_letters: Arn
) -> list[dict[str, Any]]:
    """Return statements that allow a collector to send to its queues, and to receive from one."""
    return [
        allow("Send", _SEND, [metrics, logs, job_events, dead_letters]),
        allow("Work", _RECEIVE, [job_events]),
    ]


def reader_statements(*, metrics: Arn, logs: Arn) -> list[dict[str, Any]]:
    """Allow a reader to receive from two queues."""
    return [allow("Read", _READ, [metrics, logs])]


def store_logs(objects: Arn) -> dict[str, Any]:
    """Allow a collector to put logs into a bucket, and nothing else there."""
    return allow("StoreLogs", ["s3:AbortMultipartUpload", "s3:PutObject"], [objects])


def fetch_logs(objects: Arn) -> dict[str, Any]:
    """Allow a reader to get logs from a bucket."""
    return allow("FetchLogs", ["s3:GetObject"], [objects])
