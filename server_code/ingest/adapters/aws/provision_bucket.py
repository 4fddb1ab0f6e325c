"""The bucket for logs: created where missing, private, without parts of incomplete uploads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import QueueMissing
from .errors import translate_aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef, PublicAccessBlockConfigurationTypeDef

T = TypeVar("T")

PUBLIC_ACCESS_BLOCK: PublicAccessBlockConfigurationTypeDef = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}

#: S3 refuses a LocationConstraint for this region, and requires one for every other.
_REGION_WITHOUT_LOCATION = "us-east-1"

_BROKEN_UPLOADS: LifecycleRuleTypeDef = {
    "ID": "runstream-broken-uploads",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}

#: What the keys of all logs begin with.
LOG_PREFIX = "logs/"


def ensure_bucket(client: S3Client, bucket: str) -> str:
    """Create a private, encrypted bucket in the client's region; return what was done.

    Incomplete uploads are removed after a day, logs never. Other lifecycle rules and encryption
    keys stay. Raises AccessDenied (also where the name is someone else's), QueueUnavailable,
    BadSettings.
    """
    with translate_aws_errors(f"Bucket {bucket}"):
        is_new = _create(client, bucket)
        details = [
            *_block_public_access(client, bucket),
            *_encrypt(client, bucket),
            *_set_upload_rule(client, bucket),
        ]
    action = "created" if is_new else "adjusted" if details else "unchanged"
    return f"bucket {bucket} {action}" + (f": {', '.join(details)}" if details else "")


def _create(client: S3Client, bucket: str) -> bool:
    """Create the bucket where it is missing; False also where another process was faster."""
    try:
        with translate_aws_errors(f"Bucket {bucket}"):
            client.head_bucket(Bucket=bucket)
    except QueueMissing:  # which is also the error of a bucket
        region: Any = client.meta.region_name
        location: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        options = {} if region == _REGION_WITHOUT_LOCATION else location
        create = partial(client.create_bucket, Bucket=bucket, **options)
        return _unless_answered("BucketAlreadyOwnedByYou", create) is not None
    return False


def _block_public_access(client: S3Client, bucket: str) -> list[str]:
    read = partial(client.get_public_access_block, Bucket=bucket)
    current = _unless_answered("NoSuchPublicAccessBlockConfiguration", read)
    if current is not None and current["PublicAccessBlockConfiguration"] == PUBLIC_ACCESS_BLOCK:
        return []
    client.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=PUBLIC_ACCESS_BLOCK
    )
    return ["closed to the public"]


def _encrypt(client: S3Client, bucket: str) -> list[str]:
    read = partial(client.get_bucket_encryption, Bucket=bucket)
    if _unless_answered("ServerSideEncryptionConfigurationNotFoundError", read) is not None:
        return []
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return ["encrypted with S3's own keys"]


def _set_upload_rule(client: S3Client, bucket: str) -> list[str]:
    """Add or replace our rule; a request that omits other rules or options would reset them."""
    read = partial(client.get_bucket_lifecycle_configuration, Bucket=bucket)
    current: Any = _unless_answered("NoSuchLifecycleConfiguration", read) or {"Rules": []}
    if _BROKEN_UPLOADS in current["Rules"]:
        return []
    size = "TransitionDefaultMinimumObjectSize"
    others: list[Any] = [
        _with_filter(rule) for rule in current["Rules"] if rule.get("ID") != _BROKEN_UPLOADS["ID"]
    ]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [*others, _BROKEN_UPLOADS]},
        **({size: current[size]} if size in current else {}),
    )
    return [f"rule {_BROKEN_UPLOADS['ID']}"]


def _with_filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule with its prefix in a filter; S3 refuses the older form next to this one."""
    prefix = {"Filter": {"Prefix": rule["Prefix"]}} if "Prefix" in rule else {}
    return {**{name: value for name, value in rule.items() if name != "Prefix"}, **prefix}


def _unless_answered(code: str, request: Callable[[], T]) -> T | None:
    """Send a request; None where S3 answers this error code, such as that nothing is configured."""
    from botocore.exceptions import ClientError

    try:
        return request()
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return None
