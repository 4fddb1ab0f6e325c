"""The bucket for logs: created where missing, private, without parts of incomplete uploads."""

from __future__ import annotations

from collections.abc import Callable
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
            *_set_rule(client, bucket),
        ]
    action = "created" if is_new else "adjusted" if details else "unchanged"
    return f"bucket {bucket} {action}" + (f": {', '.join(details)}" if details else "")


def _create(client: S3Client, bucket: str) -> bool:
    try:
        with translate_aws_errors(f"Bucket {bucket}"):
            client.head_bucket(Bucket=bucket)
    except QueueMissing:
        region: Any = client.meta.region_name
        if region == _REGION_WITHOUT_LOCATION:
            client.create_bucket(Bucket=bucket)
        else:
            client.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region}
            )
        return True
    return False


def _block_public_access(client: S3Client, bucket: str) -> list[str]:
    absent = "NoSuchPublicAccessBlockConfiguration"
    found = _read(lambda: client.get_public_access_block(Bucket=bucket), absent)
    if found is not None and found["PublicAccessBlockConfiguration"] == PUBLIC_ACCESS_BLOCK:
        return []
    client.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=PUBLIC_ACCESS_BLOCK
    )
    return ["closed to the public"]


def _encrypt(client: S3Client, bucket: str) -> list[str]:
    absent = "ServerSideEncryptionConfigurationNotFoundError"
    if _read(lambda: client.get_bucket_encryption(Bucket=bucket), absent) is not None:
        return []
    rule: Any = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return ["encrypted with S3's own keys"]


def _set_rule(client: S3Client, bucket: str) -> list[str]:
    """Replace our rule among the bucket's; a request that omits what is set would reset it."""
    absent = "NoSuchLifecycleConfiguration"
    found: Any = _read(lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket), absent)
    stored = found or {"Rules": []}
    if _BROKEN_UPLOADS in stored["Rules"]:
        return []
    size = "TransitionDefaultMinimumObjectSize"
    others = [rule for rule in stored["Rules"] if rule.get("ID") != _BROKEN_UPLOADS["ID"]]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [*others, _BROKEN_UPLOADS]},
        **({size: stored[size]} if size in stored else {}),
    )
    return [f"rule {_BROKEN_UPLOADS['ID']}"]


def _read(request: Callable[[], T], absent: str) -> T | None:
    """Read a configuration; None where the bucket has none, for which S3 has an error code."""
    from botocore.exceptions import ClientError

    try:
        return request()
    except ClientError as error:
        if error.response["Error"]["Code"] != absent:
            raise
        return None
