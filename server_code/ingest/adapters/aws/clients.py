"""How AWS is reached: region, credentials, time limits, retries, and counting of requests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...domain.counters import Counters
from ...errors import BadSettings
from .errors import aws_errors

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

#: The longest that SQS holds a request open.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
LONG_POLL_SECONDS = 20

_CONNECT_SECONDS = 5
_READ_SECONDS = 30
_SQS_ATTEMPTS = 4
_S3_ATTEMPTS = 3

#: boto3 signs with a region and has no default. This is the one that AWS's own consoles and
#: emulators fall back to; a queue elsewhere is then reported missing there, by name of region.
_DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    """Be what is configured about AWS; None leaves it to AWS's own environment and files.

    ``max_pool_connections`` is how many threads may talk to AWS at once.
    """

    region: str | None = None
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    max_pool_connections: int = 10


def sqs_client(access: AwsAccess) -> SQSClient:
    """Build a client for SQS that any number of threads may share; asks AWS nothing yet.

    Raises BadSettings where region, endpoint or profile make no sense.
    """
    from botocore.config import Config

    config = _config(access, attempts=_SQS_ATTEMPTS, read_seconds=_READ_SECONDS + LONG_POLL_SECONDS)
    # SQS checks what it gets, and ours is typed: checking in botocore too slows sending by a sixth.
    config = config.merge(Config(parameter_validation=False))
    with _session(access) as session:
        return session.client(
            "sqs", region_name=_region(session), endpoint_url=access.endpoint_url, config=config
        )


def s3_client(access: AwsAccess) -> S3Client:
    """Build a client for S3 that any number of threads may share; asks AWS nothing yet.

    Servers other than Amazon's rarely have a host name per bucket, so theirs go into the path.
    Raises BadSettings where region, endpoint or profile make no sense.
    """
    from botocore.config import Config

    config = _config(access, attempts=_S3_ATTEMPTS, read_seconds=_READ_SECONDS)
    if access.endpoint_url or _endpoint_in_environment("S3"):
        config = config.merge(Config(s3={"addressing_style": "path"}))
    with _session(access) as session:
        return session.client(
            "s3", region_name=_region(session), endpoint_url=access.endpoint_url, config=config
        )


def count_requests(client: SQSClient, counters: Counters) -> None:
    """Raise ``sqs_requests`` for every HTTP request of a client, retries included.

    Counting twice into the same meter is prevented, so that queues may share client and meter.
    """

    def count(**_: object) -> None:
        counters.add("sqs_requests")

    client.meta.events.register("before-send.sqs", count, unique_id=f"runstream-{id(counters)}")


@contextmanager
def _session(access: AwsAccess) -> Iterator[boto3.session.Session]:
    """Open a session of our own, for boto3's default one is not safe among threads."""
    import boto3

    with aws_errors("AWS"):
        try:
            yield boto3.session.Session(
                aws_access_key_id=access.access_key_id,
                aws_secret_access_key=access.secret_access_key,
                aws_session_token=access.session_token,
                region_name=access.region,
            )
        except ValueError as error:  # botocore's way to refuse an endpoint
            endpoint = access.endpoint_url
            raise BadSettings([f"AWS cannot be reached at {endpoint!r}: {error}"]) from error


def _region(session: boto3.session.Session) -> str:
    # boto3 reads AWS_DEFAULT_REGION and profiles; Lambda, ECS and the other SDKs set AWS_REGION.
    return session.region_name or os.environ.get("AWS_REGION") or _DEFAULT_REGION


def _endpoint_in_environment(service: str) -> bool:
    return any(os.environ.get(f"AWS_ENDPOINT_URL{suffix}") for suffix in ("", f"_{service}"))


def _config(access: AwsAccess, *, attempts: int, read_seconds: int) -> Config:
    from botocore.config import Config

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        max_pool_connections=access.max_pool_connections,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
