"""Queues, bucket and least privileges as documents for IAM and CloudFormation. Asks nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .clients import LONG_POLL_SECONDS
from .provision import (
    DEAD_LETTER_RETENTION_SECONDS,
    MAX_MESSAGE_BYTES,
    MAX_RECEIVES,
    RETENTION_SECONDS,
    WORK_VISIBILITY_SECONDS,
    dead_letter_name,
)

#: What is in a document: text, or CloudFormation's own functions.
Arn = str | Mapping[str, Any]

_SEND = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
_RECEIVE = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
_READ = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", *_RECEIVE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Name what a collector uses; ``*`` stands for any account or region."""

    metrics_queue: str
    logs_queue: str
    job_events_queue: str
    log_bucket: str | None = None
    account: str = "*"
    region: str = "*"
    partition: str = "aws"

    def queue_arn(self, name: str) -> str:
        """Name a queue as IAM does; a URL names it by its last part."""
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{name.rsplit('/', 1)[-1]}"

    @property
    def objects_arn(self) -> str | None:
        """Name all objects of the bucket as IAM does."""
        return f"arn:{self.partition}:s3:::{self.log_bucket}/*" if self.log_bucket else None


def collector_policy(deployment: Deployment) -> dict[str, Any]:
    """Allow what the collector does: send to three queues, receive from one, store logs."""
    return _collector_document(
        metrics=deployment.queue_arn(deployment.metrics_queue),
        logs=deployment.queue_arn(deployment.logs_queue),
        job_events=deployment.queue_arn(deployment.job_events_queue),
        objects=deployment.objects_arn,
    )


def reader_policy(deployment: Deployment) -> dict[str, Any]:
    """Allow what a reader does: receive from two queues, fetch logs."""
    return _reader_document(
        metrics=deployment.queue_arn(deployment.metrics_queue),
        logs=deployment.queue_arn(deployment.logs_queue),
        objects=deployment.objects_arn,
    )


def cloudformation_template(deployment: Deployment) -> str:
    """Write a template (JSON) of everything ``setup`` makes, and both policies.

    On top of what ``setup`` makes, queues and bucket refuse requests without TLS.
    """
    queues = {
        "MetricsQueue": deployment.metrics_queue,
        "LogsQueue": deployment.logs_queue,
        "JobEventsQueue": deployment.job_events_queue,
    }
    resources: dict[str, Any] = {}
    for logical_id, name in queues.items():
        resources |= _queue_resources(logical_id, name)
    resources["JobEventsQueue"]["Properties"]["VisibilityTimeout"] = WORK_VISIBILITY_SECONDS
    if deployment.log_bucket:
        resources |= _bucket_resources(deployment.log_bucket)
    resources |= _policy_resources(has_bucket=bool(deployment.log_bucket))
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Runstream: queues, dead-letter queues and policies",
        "Resources": resources,
        "Outputs": {f"{queue}Url": {"Value": {"Ref": queue}} for queue in queues},
    }
    return json.dumps(template, indent=2) + "\n"


def _collector_document(
    *, metrics: Arn, logs: Arn, job_events: Arn, objects: Arn | None
) -> dict[str, Any]:
    statements = [
        _allow("Send", _SEND, [metrics, logs, job_events]),
        _allow("Work", _RECEIVE, [job_events]),
    ]
    if objects is not None:
        statements.append(
            _allow("StoreLogs", ["s3:AbortMultipartUpload", "s3:PutObject"], [objects])
        )
    return _document(statements)


def _reader_document(*, metrics: Arn, logs: Arn, objects: Arn | None) -> dict[str, Any]:
    statements = [_allow("Read", _READ, [metrics, logs])]
    if objects is not None:
        statements.append(_allow("FetchLogs", ["s3:GetObject"], [objects]))
    return _document(statements)


def _document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(sid: str, actions: Sequence[str], resources: Sequence[Arn]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _deny_without_tls(action: str, resources: Sequence[Arn]) -> dict[str, Any]:
    return _document(
        [
            {
                "Sid": "DenyWithoutTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": action,
                "Resource": list(resources),
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    )


def _queue_resources(logical_id: str, name: str) -> dict[str, Any]:
    dead_letters = f"{logical_id}DeadLetters"
    queue = _queue(name, RETENTION_SECONDS)
    queue["Properties"]["RedrivePolicy"] = {
        "deadLetterTargetArn": _arn_of(dead_letters),
        "maxReceiveCount": MAX_RECEIVES,
    }
    return {
        dead_letters: _queue(dead_letter_name(name), DEAD_LETTER_RETENTION_SECONDS),
        logical_id: queue,
        f"{logical_id}Tls": _queue_policy(logical_id),
        f"{dead_letters}Tls": _queue_policy(dead_letters),
    }


def _queue(name: str, retention_seconds: int) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "QueueName": name,
        "MessageRetentionPeriod": retention_seconds,
        "MaximumMessageSize": MAX_MESSAGE_BYTES,
        "ReceiveMessageWaitTimeSeconds": LONG_POLL_SECONDS,
        "SqsManagedSseEnabled": True,
    }
    if name.endswith(".fifo"):
        properties["FifoQueue"] = True
        properties["DeduplicationScope"] = "messageGroup"
        properties["FifoThroughputLimit"] = "perMessageGroupId"
    # Deleting the stack by mistake must not delete what was collected.
    return _kept("AWS::SQS::Queue", properties)


def _queue_policy(logical_id: str) -> dict[str, Any]:
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": logical_id}],
            "PolicyDocument": _deny_without_tls("sqs:*", [_arn_of(logical_id)]),
        },
    }


def _bucket_resources(name: str) -> dict[str, Any]:
    bucket = _kept(
        "AWS::S3::Bucket",
        {
            "BucketName": name,
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "runstream-broken-uploads",
                        "Status": "Enabled",
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
        },
    )
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "LogBucket"},
            "PolicyDocument": _deny_without_tls("s3:*", [_arn_of("LogBucket"), _objects()]),
        },
    }
    return {"LogBucket": bucket, "LogBucketTls": policy}


def _policy_resources(*, has_bucket: bool) -> dict[str, Any]:
    metrics, logs, work = map(_arn_of, ("MetricsQueue", "LogsQueue", "JobEventsQueue"))
    objects = _objects() if has_bucket else None
    collector = _collector_document(metrics=metrics, logs=logs, job_events=work, objects=objects)
    reader = _reader_document(metrics=metrics, logs=logs, objects=objects)
    return {
        name: {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
        for name, document in (("CollectorPolicy", collector), ("ReaderPolicy", reader))
    }


def _kept(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    retain = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {"Type": kind, **retain, "Properties": properties}


def _arn_of(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def _objects() -> dict[str, Any]:
    return {"Fn::Sub": "${LogBucket.Arn}/*"}
