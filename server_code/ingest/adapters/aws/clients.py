"""Clients of AWS: region, credentials, endpoints, time limits, retries, counted requests."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...domain.counters import Counters
from ...domain.quotes import unquoted
from ...errors import BadSettings
from ...settings import AwsSettings
from .errors import is_credential_error, translate_aws_errors, without_secrets

if TYPE_CHECKING:
    from botocore.config import Config, _RetryDict
    from botocore.session import Session as BotocoreSession
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

#: The longest that SQS holds a request open.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
LONG_POLL_SECONDS = 20

_CONNECT_SECONDS = 5
_S3_READ_SECONDS = 30
_S3_ATTEMPTS = 3

_SQS_READ_SECONDS = 5
_SQS_ATTEMPTS = 2

#: After a read timeout botocore does not retry these operations: their caller reports the timeout
#: and retries. It does retry sending, because a firewall may have dropped an idle connection.
_RETRIED_BY_CALLER = ("GetQueueAttributes", "GetQueueUrl", "ReceiveMessage")

_AMAZON_HOST = re.compile(r"\.amazonaws\.com(\.cn)?$|\.amazonaws\.(eu|[a-z.]+)$")

#: Matches the ValueErrors of botocore that are about an endpoint and not about another value.
_ENDPOINT_FAULT = re.compile(r"endpoint|URL|\bport\b", re.IGNORECASE)

#: boto3 signs requests for a region and has no default. AWS's own consoles and emulators fall back
#: to this region; the error for a queue in another region names it.
_DEFAULT_REGION = "us-east-1"

#: How many threads may use a client at once.
_MAX_CONNECTIONS = 16

#: Held while the environment is changed: os.environ has no step that checks and removes.
_environment_lock = threading.Lock()


def sqs_client(aws: AwsSettings) -> SQSClient:
    """Build a client for SQS that any number of threads may share; sends no request yet.

    Raises BadSettings where region, endpoint or profile make no sense.
    """
    from botocore.config import Config

    read_seconds = _SQS_READ_SECONDS + LONG_POLL_SECONDS
    config = _config(attempts=_SQS_ATTEMPTS, read_seconds=read_seconds)
    # SQS validates parameters itself: validation in botocore slows sending by a sixth.
    config = config.merge(Config(parameter_validation=False))
    with _session(aws, "SQS") as session:
        client: SQSClient = _create_client(session, aws, "sqs", config)
        for operation in _RETRIED_BY_CALLER:
            client.meta.events.register_first(f"needs-retry.sqs.{operation}", _raise_read_timeout)
        return client


def s3_client(aws: AwsSettings) -> S3Client:
    """Build a client for S3 that any number of threads may share; sends no request yet.

    Servers other than Amazon's rarely have a host name per bucket, so the bucket goes into the
    path; and many refuse uploads with a checksum in a trailer, which boto3 sends by default.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html
    Raises BadSettings where region, endpoint or profile make no sense.
    """
    from botocore.config import Config

    config = _config(attempts=_S3_ATTEMPTS, read_seconds=_S3_READ_SECONDS)
    with _session(aws, "S3") as session:
        client: S3Client = _create_client(session, aws, "s3", config)
        # A profile may set the endpoint, so it is read from a client that was built.
        if not _AMAZON_HOST.search(urlsplit(client.meta.endpoint_url).hostname or ""):
            config = config.merge(Config(s3={"addressing_style": "path"}))
            if "AWS_REQUEST_CHECKSUM_CALCULATION" not in os.environ:
                config = config.merge(Config(request_checksum_calculation="when_required"))
            if "AWS_RESPONSE_CHECKSUM_VALIDATION" not in os.environ:
                config = config.merge(Config(response_checksum_validation="when_required"))
            client = _create_client(session, aws, "s3", config)
        return client


def _create_client(session: BotocoreSession, aws: AwsSettings, service: str, config: Config) -> Any:  # noqa: ANN401 - of either service
    """Build a client of a service, with the region and the endpoint that are configured."""
    return session.create_client(
        service,
        region_name=_region(session),
        endpoint_url=_endpoint(aws, service.upper())[1],
        config=config,
    )


def count_requests(client: SQSClient, counters: Counters) -> None:
    """Count every HTTP request of a client as ``queue_requests``, retries included.

    A second call with the same client and counters changes nothing, so queues may share both.
    """

    def count(**_: object) -> None:
        counters.add("queue_requests")

    client.meta.events.register("before-send.sqs", count, unique_id=f"runstream-{id(counters)}")


@contextmanager
def _session(aws: AwsSettings, service: str) -> Iterator[BotocoreSession]:
    """Open a session of our own, because threads cannot share the default one.

    The session is botocore's. boto3 would add resources and transfers, which are not used here and
    whose import takes a fifth of the time in which both clients are built.
    """
    from botocore.exceptions import InvalidRegionError
    from botocore.session import get_session

    from .credential_files import follow_credential_files

    with translate_aws_errors("AWS"):
        try:
            _tidy_variables()
            session = avoid_service_scan(follow_credential_files(get_session()))
            if aws.region is not None:
                session.set_config_variable("region", aws.region)
            secrets = (aws.access_key_id, aws.secret_access_key, aws.session_token)
            if any(secrets):
                keys = [None if each is None else each.reveal() for each in secrets]
                session.set_credentials(*keys)  # type: ignore[arg-type] # None as well
            yield session
        except InvalidRegionError as error:
            raise BadSettings([f"AWS_DEFAULT_REGION is not an AWS region: {error}"]) from error
        except ValueError as error:  # botocore's way to refuse an endpoint
            if is_credential_error(error):
                raise
            name, endpoint = _endpoint(aws, service)
            fault = f"AWS cannot be reached at {endpoint!r}: {error}; correct {name}"
            if not _ENDPOINT_FAULT.search(str(error)):
                fault = f"A variable or profile of AWS has no valid value: {error}"
            raise BadSettings([without_secrets(fault)]) from error


def _tidy_variables() -> None:
    """Remove AWS's empty variables, and quotes around others, from the environment.

    botocore takes both literally: compose files pass what is not set as an empty text.
    """
    with _environment_lock:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            value = os.environ[name]
            if not (tidy := unquoted(value)):
                del os.environ[name]
            elif tidy != value:
                os.environ[name] = tidy


def avoid_service_scan(session: BotocoreSession) -> BotocoreSession:
    """Make a botocore session list each folder as a service without reading it; return it.

    To check that it supports a client's service, botocore reads each of its 400 folders, once for
    each kind of file. That takes a fourth of the time in which a client is built. Now it reads the
    folder of the wanted service only, also below AWS_DATA_PATH.
    """
    from botocore.loaders import Loader

    class FolderLoader(Loader):
        """A loader that lists folders, and does not look into them."""

        def list_available_services(self, type_name: str) -> list[str]:
            """Return the names of all folders, whatever kinds of files they have."""
            del type_name
            names: set[str] = set()
            for path in self.search_paths:
                with suppress(OSError):  # most of the paths do not exist
                    names.update(each.name for each in Path(path).iterdir())
            return sorted(names)

    loader = session.get_component("data_loader")
    folder_loader = FolderLoader(loader.search_paths, include_default_search_paths=False)
    session.register_component("data_loader", folder_loader)
    return session


def _raise_read_timeout(caught_exception: Exception | None = None, **_: object) -> None:
    from botocore.exceptions import ReadTimeoutError

    if isinstance(caught_exception, ReadTimeoutError):
        raise caught_exception


def _region(session: BotocoreSession) -> str:
    # A session reads AWS_DEFAULT_REGION and profiles; Lambda, ECS and other SDKs set AWS_REGION.
    configured: str | None = session.get_config_variable("region")
    return configured or os.environ.get("AWS_REGION") or _DEFAULT_REGION


def _endpoint(aws: AwsSettings, service: str) -> tuple[str, str | None]:
    """Return the variable that sets the endpoint, and its value; the service's own comes first.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
    """
    own = f"AWS_ENDPOINT_URL_{service}"
    endpoint = os.environ.get(own)
    return (own, endpoint) if endpoint else ("AWS_ENDPOINT_URL", aws.endpoint_url)


def _config(*, attempts: int, read_seconds: int) -> Config:
    from botocore.config import Config

    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        max_pool_connections=_MAX_CONNECTIONS,
        retries=_retries(attempts),
        tcp_keepalive=True,
        # Without this, botocore builds a user agent for every request.
        user_agent="runstream",
    )


def _retries(attempts: int) -> _RetryDict:
    """Return botocore's retry settings; AWS's own variables come first."""
    retries: _RetryDict = {}
    if "AWS_RETRY_MODE" not in os.environ:
        retries["mode"] = "standard"
    if "AWS_MAX_ATTEMPTS" not in os.environ:
        retries["total_max_attempts"] = attempts
    return retries
