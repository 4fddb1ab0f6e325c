"""IAM policies with the least privileges of a collector, and of a program that reads the queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...settings import QueueSettings
from .provision import dead_letter_name
from .provision_bucket import LOG_PREFIX
from .queues import is_arn

#: An ARN as text, or as a function of CloudFormation.
Arn = str | Mapping[str, Any]

#: The prefixes of regions that are in a partition of their own.
_PARTITIONS = {"cn-": "aws-cn", "eusc-": "aws-eusc", "us-gov-": "aws-us-gov"}

_SEND = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
_RECEIVE = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
_READ = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", *_RECEIVE]


def collector_policy(queues: QueueSettings, *, region: str | None = None) -> dict[str, Any]:
    """Allow what the collector does: send to its queues, receive from one, store logs.

    The policy is valid in any account and, where no region is given, in any region of the partition
    aws: not in China, in GovCloud or in the European Sovereign Cloud.
    """
    partition = _partition_of(region or "")

    def arn(name: str) -> str:
        if is_arn(name):
            *parts, queue = name.split(":")
            return ":".join([*map(str.lower, parts), queue])  # as IAM compares them
        # A URL names a queue by its last part.
        return f"arn:{partition}:sqs:{region or '*'}:*:{name.rsplit('/', 1)[-1]}"

    statements = collector_statements(
        metrics=arn(queues.metrics_queue),
        logs=arn(queues.logs_queue),
        job_events=arn(queues.job_events_queue),
        dead_letters=arn(dead_letter_name(queues.job_events_queue)),
    )
    if queues.log_bucket is not None:
        bucket = f"arn:{partition}:s3:::{queues.log_bucket}"
        statements.append(store_logs_statement(f"{bucket}/{LOG_PREFIX}*"))
    return policy_document(statements)


def _partition_of(region: str) -> str:
    found = (name for prefix, name in _PARTITIONS.items() if region.startswith(prefix))
    return next(found, "aws")


def allow(sid: str, actions: Sequence[str], resources: Sequence[Arn]) -> dict[str, Any]:
    """Build a statement that allows actions on resources."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def policy_document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Build a policy of statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def collector_statements(
    *, metrics: Arn, logs: Arn, job_events: Arn, dead_letters: Arn
) -> list[dict[str, Any]]:
    """Return statements that allow a collector to send to its queues, and to receive its work.

    ``job_events``: its own work queue, of ended jobs whose logs are to be fetched; what is no work
    it moves to ``dead_letters``.
    """
    return [
        allow("Send", _SEND, [metrics, logs, job_events, dead_letters]),
        allow("Work", _RECEIVE, [job_events]),
    ]


def reader_statements(*, metrics: Arn, logs: Arn) -> list[dict[str, Any]]:
    """Allow a reader to receive from two queues."""
    return [allow("Read", _READ, [metrics, logs])]


def store_logs_statement(objects: Arn) -> dict[str, Any]:
    """Allow a collector to put logs into a bucket, and nothing else there."""
    return allow("StoreLogs", ["s3:AbortMultipartUpload", "s3:PutObject"], [objects])


def fetch_logs_statement(objects: Arn) -> dict[str, Any]:
    """Allow a reader to get logs from a bucket."""
    return allow("FetchLogs", ["s3:GetObject"], [objects])
