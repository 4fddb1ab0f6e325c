"""The settings of the message bus and its accounts."""

from __future__ import annotations

from dataclasses import dataclass

from .parsing import one_of, parse_bucket, parse_key, url_of
from .secret import Secret
from .setting import setting

METRICS_QUEUE = "ci_cd_metrics_queue"
LOGS_QUEUE = "ci_cd_logs_queue"
JOB_EVENTS_QUEUE = "ci_cd_job_events_queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """The AWS account. boto3 looks elsewhere for credentials that are not set."""

    access_key_id: Secret | None = setting(
        "AWS_ACCESS_KEY_ID",
        default=None,
        parse=parse_key,
        is_needed=True,
        help="AWS access key used to publish to SQS.",
    )
    secret_access_key: Secret | None = setting(
        "AWS_SECRET_ACCESS_KEY",
        default=None,
        parse=parse_key,
        is_needed=True,
        help="Secret of the AWS access key.",
    )
    session_token: Secret | None = setting(
        "AWS_SESSION_TOKEN",
        default=None,
        parse=parse_key,
        help="Session token of temporary AWS credentials.",
    )
    region: str | None = setting(
        "AWS_DEFAULT_REGION",
        default=None,
        aliases=("AWS_REGION",),
        is_needed=True,
        help="AWS region of the queues.",
    )
    endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL",
        default=None,
        parse=url_of("http", "https"),
        help="Address of an SQS and S3 other than Amazon's.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """The Azure namespace and storage account; Entra ID is used where no connection is given."""

    servicebus_connection: Secret | None = setting(
        "SERVICEBUS_CONNECTION_STRING",
        default=None,
        parse=Secret,
        help="Connection string of an Azure Service Bus namespace.",
    )
    servicebus_namespace: str | None = setting(
        "SERVICEBUS_NAMESPACE",
        default=None,
        help="Namespace to use with Entra ID instead: `NAME.servicebus.windows.net`.",
    )
    storage_connection: Secret | None = setting(
        "AZURE_STORAGE_CONNECTION_STRING",
        default=None,
        parse=Secret,
        help="Connection string of the storage account of LOG_BUCKET. By default Entra ID.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """The message bus, its three queues, and the bucket for logs that are larger than a message.

    ``metrics_queue`` gets the messages about runs and jobs, ``logs_queue`` those with logs, and
    ``job_events_queue`` the work of the Log Ingestion Agent.
    """

    event_bus: str = setting(
        "EVENT_BUS",
        default="sqs",
        parse=one_of("sqs", "servicebus", "pubsub"),
        help="Message bus: `sqs`, `servicebus` (Azure) or `pubsub` (Google).",
    )
    google_project: str | None = setting(
        "GOOGLE_CLOUD_PROJECT",
        default=None,
        help="Google Cloud project of the topics. Application default credentials are used.",
    )
    metrics_queue: str = setting(
        "METRICS_QUEUE",
        default=METRICS_QUEUE,
        help="Queue for runs, jobs and code metrics: name, or URL in SQS. In SQS it may be FIFO.",
    )
    logs_queue: str = setting(
        "LOGS_QUEUE",
        default=LOGS_QUEUE,
        help="Queue for job logs: name, or URL in SQS. In SQS it may be FIFO.",
    )
    job_events_queue: str = setting(
        "JOB_EVENTS_QUEUE",
        default=JOB_EVENTS_QUEUE,
        help="Work items for the Log Ingestion Agent: name, or URL in SQS, of a standard queue.",
    )
    log_bucket: str | None = setting(
        "LOG_BUCKET",
        default=None,
        parse=parse_bucket,
        help="Bucket for logs that exceed one message: name or ARN in S3, `gs://BUCKET`, or "
        "`https://ACCOUNT.blob.core.windows.net/CONTAINER`.",
    )
    message_format: str = setting(
        "MESSAGE_FORMAT",
        default="runstream",
        parse=one_of("runstream", "cloudevents"),
        help="`cloudevents`: messages are CloudEvents 1.0 with the same data.",
    )

    @property
    def names(self) -> tuple[str, str, str]:
        """Return the names of the three queues."""
        return (self.metrics_queue, self.logs_queue, self.job_events_queue)
