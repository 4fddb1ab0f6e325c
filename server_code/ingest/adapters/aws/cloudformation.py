"""The CloudFormation template of what ``setup`` creates, with the IAM policies.

The bucket's name and the kind of key are parameters of the template. The queues' names are not,
because a name decides whether a queue is FIFO.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ...messaging.log_work import GITHUB_LOG_RETENTION
from ...ports.queues import MAX_RECEIVES
from ...settings import QueueSettings
from .cloudformation_ecs import (
    HAS_SERVICE,
    LINTER_METADATA,
    service_condition,
    service_parameters,
    service_resources,
)
from .policies import (
    allow,
    collector_statements,
    fetch_logs_statement,
    policy_document,
    reader_statements,
    store_logs_statement,
)
from .provision import (
    DEAD_LETTER_RETENTION_SECONDS,
    RETENTION_SECONDS,
    WORK_VISIBILITY_SECONDS,
    dead_letter_name,
    new_queue_attributes,
)
from .provision_bucket import LOG_PREFIX, PUBLIC_ACCESS_BLOCK

#: The time in which a log that was overwritten or deleted can be restored.
_NONCURRENT_DAYS = 7

_HAS_BUCKET, _HAS_KEY = "HasBucket", "HasKey"
_NO_VALUE = {"Ref": "AWS::NoValue"}

#: SQS asks KMS for a key once in every reuse period: the longest one keeps KMS cheap.
_KEY_REUSE_SECONDS = 86_400

#: Sending to an encrypted queue requires a data key and decrypting it, as does an upload to S3 in
#: parts. Receiving requires decrypting only.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
_ENCRYPT = ["kms:Decrypt", "kms:GenerateDataKey"]


def cloudformation_template(queues: QueueSettings) -> str:
    """Return the template as JSON.

    Its queues and bucket refuse requests without TLS; those that ``setup`` creates accept them.
    """
    logical_ids = ("MetricsQueue", "LogsQueue", "JobEventsQueue")
    resources: dict[str, Any] = {"Key": _key()}
    for logical_id, name in zip(logical_ids, queues.names, strict=True):
        resources |= _queue_resources(logical_id, name.rsplit("/", 1)[-1])
    resources["JobEventsQueue"]["Properties"]["VisibilityTimeout"] = WORK_VISIBILITY_SECONDS
    resources |= _bucket_resources() | _policy_resources()
    resources |= service_resources("JobEventsQueue", _if(_HAS_BUCKET, {"Ref": "LogBucket"}, ""))
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Runstream: queues, dead-letter queues, bucket, key and least privileges",
        "Metadata": LINTER_METADATA,
        "Parameters": _parameters(queues.log_bucket or "") | service_parameters(),
        "Conditions": {
            _HAS_BUCKET: {"Fn::Not": [{"Fn::Equals": [{"Ref": "LogBucketName"}, ""]}]},
            _HAS_KEY: {"Fn::Equals": [{"Ref": "Encryption"}, "own-key"]},
            HAS_SERVICE: service_condition(),
        },
        "Resources": resources,
        "Outputs": _outputs(logical_ids),
    }
    return json.dumps(template, indent=2) + "\n"


def _parameters(bucket: str) -> dict[str, Any]:
    return {
        "LogBucketName": {
            "Type": "String",
            "Default": bucket,
            "Description": "LOG_BUCKET, for logs that exceed one message. Empty: no bucket.",
        },
        "LogRetentionDays": {
            "Type": "Number",
            "Default": GITHUB_LOG_RETENTION.days,
            "MinValue": 1,
            "Description": "Days after which logs are removed from the bucket.",
        },
        "Encryption": {
            "Type": "String",
            "Default": "aws-keys",
            "AllowedValues": ["aws-keys", "own-key"],
            "Description": "aws-keys: keys of SQS and S3, without charge. own-key: a customer "
            "managed KMS key, whose use can be audited and denied.",
        },
    }


def _outputs(queue_ids: Sequence[str]) -> dict[str, Any]:
    return {
        **{f"{queue_id}Url": {"Value": {"Ref": queue_id}} for queue_id in queue_ids},
        "CollectorPolicyArn": {"Value": {"Ref": "CollectorPolicy"}},
        "ReaderPolicyArn": {"Value": {"Ref": "ReaderPolicy"}},
        "LogBucketName": {"Condition": _HAS_BUCKET, "Value": {"Ref": "LogBucket"}},
        "KeyArn": {"Condition": _HAS_KEY, "Value": _arn_of("Key")},
    }


def _key() -> dict[str, Any]:
    """Let the account's own IAM policies decide who uses the key, as CollectorPolicy does."""
    account = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    owner = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "kms:*",
        "Resource": "*",
    }
    properties = {
        "Description": "Runstream: messages and logs at rest",
        "EnableKeyRotation": True,
        "KeyPolicy": policy_document([owner]),
    }
    return {**_retained("AWS::KMS::Key", properties), "Condition": _HAS_KEY}


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
    properties = {
        "QueueName": name,
        **new_queue_attributes(name, retention_seconds),
        "SqsManagedSseEnabled": _if(_HAS_KEY, then=False, otherwise=True),
        "KmsMasterKeyId": _if(_HAS_KEY, _arn_of("Key"), _NO_VALUE),
        "KmsDataKeyReusePeriodSeconds": _if(_HAS_KEY, _KEY_REUSE_SECONDS, _NO_VALUE),
    }
    # Deleting the stack by mistake must not delete what was collected.
    return _retained("AWS::SQS::Queue", properties)


def _queue_policy(logical_id: str) -> dict[str, Any]:
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": logical_id}],
            "PolicyDocument": _deny_without_tls("sqs:*", [_arn_of(logical_id)]),
        },
    }


def _bucket_resources() -> dict[str, Any]:
    by_default = {
        "SSEAlgorithm": _if(_HAS_KEY, "aws:kms", "AES256"),
        "KMSMasterKeyID": _if(_HAS_KEY, _arn_of("Key"), _NO_VALUE),
    }
    encryption = {
        "ServerSideEncryptionByDefault": by_default,
        "BucketKeyEnabled": _if(_HAS_KEY, then=True, otherwise=_NO_VALUE),
    }
    bucket = _retained(
        "AWS::S3::Bucket",
        {
            "BucketName": {"Ref": "LogBucketName"},
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
            "PublicAccessBlockConfiguration": dict(PUBLIC_ACCESS_BLOCK),
            "LifecycleConfiguration": {"Rules": _lifecycle_rules()},
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    )
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Condition": _HAS_BUCKET,
        "Properties": {
            "Bucket": {"Ref": "LogBucket"},
            "PolicyDocument": _deny_without_tls("s3:*", [_arn_of("LogBucket"), _objects()]),
        },
    }
    return {"LogBucket": {**bucket, "Condition": _HAS_BUCKET}, "LogBucketTls": policy}


def _lifecycle_rules() -> list[dict[str, Any]]:
    broken_uploads = {
        "Id": "runstream-broken-uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    }
    expiry = {
        "Id": "runstream-expire-logs",
        "Status": "Enabled",
        "Prefix": LOG_PREFIX,
        "ExpirationInDays": {"Ref": "LogRetentionDays"},
        "NoncurrentVersionExpiration": {"NoncurrentDays": _NONCURRENT_DAYS},
    }
    return [broken_uploads, expiry]


def _policy_resources() -> dict[str, Any]:
    metrics, logs, work = map(_arn_of, ("MetricsQueue", "LogsQueue", "JobEventsQueue"))
    dead_letters = _arn_of("JobEventsQueueDeadLetters")
    key = [_arn_of("Key")]
    collector = [
        *collector_statements(
            metrics=metrics, logs=logs, job_events=work, dead_letters=dead_letters
        ),
        _if(_HAS_BUCKET, store_logs_statement(_objects(LOG_PREFIX)), _NO_VALUE),
        _if(_HAS_KEY, allow("Encrypt", _ENCRYPT, key), _NO_VALUE),
    ]
    reader = [
        *reader_statements(metrics=metrics, logs=logs),
        _if(_HAS_BUCKET, fetch_logs_statement(_objects(LOG_PREFIX)), _NO_VALUE),
        _if(_HAS_KEY, allow("Decrypt", ["kms:Decrypt"], key), _NO_VALUE),
    ]
    return {
        name: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": policy_document(statements)},
        }
        for name, statements in (("CollectorPolicy", collector), ("ReaderPolicy", reader))
    }


def _deny_without_tls(action: str, resources: list[dict[str, Any]]) -> dict[str, Any]:
    refusal = {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return policy_document([refusal])


def _if(condition: str, then: object, otherwise: object) -> dict[str, Any]:
    return {"Fn::If": [condition, then, otherwise]}


def _retained(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    retain = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {"Type": kind, **retain, "Properties": properties}


def _arn_of(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def _objects(prefix: str = "") -> dict[str, Any]:
    return {"Fn::Sub": f"${{LogBucket.Arn}}/{prefix}*"}
