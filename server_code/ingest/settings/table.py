"""Every setting, declared once: parsing, masking, pages, help and the README derive from it."""

from __future__ import annotations

from ..domain.filters import LOG_CHOICES
from .host_table import HOST_SETTINGS
from .parsing import (
    number_between,
    one_of,
    parse_id,
    parse_list,
    parse_patterns,
    parse_secret,
    parse_switch,
    parse_tokens,
    url_of,
    whole_number_between,
)
from .setting import Setting
from .values import JOB_EVENTS_QUEUE, LOGS_QUEUE, LONGEST_CHANGE_DAYS, METRICS_QUEUE

GITHUB, QUEUES, _COLLECTING = "GitHub", "Queues", "Collecting"
_HTTP = url_of("http", "https")

SETTINGS = (
    Setting(
        name="GITHUB_TOKEN",
        section=GITHUB,
        field="github.tokens",
        parse=parse_tokens,
        is_secret=True,
        is_needed=True,
        help="Token that reads GitHub. Separate several tokens with commas.",
    ),
    Setting(
        name="GITHUB_APP_ID",
        section=GITHUB,
        field="github.app_id",
        help="ID of a GitHub App, used next to tokens. Separate several with commas.",
    ),
    Setting(
        name="GITHUB_APP_PRIVATE_KEY",
        section=GITHUB,
        field="github.app_private_key",
        parse=parse_secret,
        is_secret=True,
        help="Private key of each App (PEM, also in one line or base64), in the same order.",
    ),
    Setting(
        name="GITHUB_APP_INSTALLATION_ID",
        section=GITHUB,
        field="github.app_installation_id",
        parse=parse_id,
        help="Installation to use. By default every installation of the App is used.",
    ),
    Setting(
        name="GITHUB_API_URL",
        section=GITHUB,
        field="github.api_url",
        parse=_HTTP,
        default="https://api.github.com",
        help="API address. For GitHub Enterprise Server: `https://HOST/api/v3`.",
    ),
    Setting(
        name="GITHUB_WEBHOOK_SECRET",
        section=GITHUB,
        field="github.webhook_secret",
        parse=parse_secret,
        is_secret=True,
        help="Secret that GitHub signs webhooks with. Webhooks are accepted when it is set.",
    ),
    Setting(
        name="AWS_ACCESS_KEY_ID",
        section=QUEUES,
        field="aws.access_key_id",
        parse=parse_secret,
        is_secret=True,
        is_needed=True,
        help="AWS access key used to publish to SQS.",
    ),
    Setting(
        name="AWS_SECRET_ACCESS_KEY",
        section=QUEUES,
        field="aws.secret_access_key",
        parse=parse_secret,
        is_secret=True,
        is_needed=True,
        help="Secret of the AWS access key.",
    ),
    Setting(
        name="AWS_SESSION_TOKEN",
        section=QUEUES,
        field="aws.session_token",
        parse=parse_secret,
        is_secret=True,
        help="Session token of temporary AWS credentials.",
    ),
    Setting(
        name="AWS_DEFAULT_REGION",
        section=QUEUES,
        field="aws.region",
        aliases=("AWS_REGION",),
        is_needed=True,
        help="AWS region of the queues.",
    ),
    Setting(
        name="AWS_ENDPOINT_URL",
        section=QUEUES,
        field="aws.endpoint_url",
        parse=_HTTP,
        help="Address of an SQS and S3 other than Amazon's.",
    ),
    Setting(
        name="EVENT_BUS",
        section=QUEUES,
        field="queues.event_bus",
        parse=one_of("sqs", "servicebus", "pubsub"),
        default="sqs",
        help="Message bus: `sqs`, `servicebus` (Azure) or `pubsub` (Google).",
    ),
    Setting(
        name="SERVICEBUS_CONNECTION_STRING",
        section=QUEUES,
        field="azure.servicebus_connection",
        parse=parse_secret,
        is_secret=True,
        help="Connection string of an Azure Service Bus namespace.",
    ),
    Setting(
        name="SERVICEBUS_NAMESPACE",
        section=QUEUES,
        field="azure.servicebus_namespace",
        help="Namespace to use with Entra ID instead: `NAME.servicebus.windows.net`.",
    ),
    Setting(
        name="AZURE_STORAGE_CONNECTION_STRING",
        section=QUEUES,
        field="azure.storage_connection",
        parse=parse_secret,
        is_secret=True,
        help="Connection string of the storage account of LOG_BUCKET. By default Entra ID.",
    ),
    Setting(
        name="GOOGLE_CLOUD_PROJECT",
        section=QUEUES,
        field="queues.google_project",
        help="Google Cloud project of the topics. Application default credentials are used.",
    ),
    Setting(
        name="METRICS_QUEUE",
        section=QUEUES,
        field="queues.metrics_queue",
        default=METRICS_QUEUE,
        help="Queue for runs, jobs and code metrics: name, or URL in SQS. In SQS it may be FIFO.",
    ),
    Setting(
        name="LOGS_QUEUE",
        section=QUEUES,
        field="queues.logs_queue",
        default=LOGS_QUEUE,
        help="Queue for job logs: name, or URL in SQS. In SQS it may be FIFO.",
    ),
    Setting(
        name="JOB_EVENTS_QUEUE",
        section=QUEUES,
        field="queues.job_events_queue",
        default=JOB_EVENTS_QUEUE,
        help="Work items for the Log Ingestion Agent: name, or URL in SQS, of a standard queue.",
    ),
    Setting(
        name="LOG_BUCKET",
        section=QUEUES,
        field="queues.log_bucket",
        help="Bucket for logs that exceed one message: S3 name, `gs://BUCKET`, or "
        "`https://ACCOUNT.blob.core.windows.net/CONTAINER`.",
    ),
    Setting(
        name="MESSAGE_FORMAT",
        section=QUEUES,
        field="collecting.message_format",
        parse=one_of("runstream", "cloudevents"),
        default="runstream",
        help="`cloudevents`: messages are CloudEvents 1.0 with the same data.",
    ),
    Setting(
        name="REPOSITORIES",
        section=_COLLECTING,
        field="repositories",
        parse=parse_list,
        help="What is watched, separated by commas: `owner/name`, `owner`, `owner/api-*`, or `*` "
        "for all that the credentials may read. `!` in front leaves out.",
    ),
    Setting(
        name="WORKFLOWS",
        section=_COLLECTING,
        field="filters.workflows",
        parse=parse_patterns,
        help="Workflows to collect, by name or file, as patterns separated by commas. `!` in front "
        "leaves out. By default all.",
    ),
    Setting(
        name="BRANCHES",
        section=_COLLECTING,
        field="filters.branches",
        parse=parse_patterns,
        help="Branches whose runs are collected, such as `main,release-*` or `!renovate/*`.",
    ),
    Setting(
        name="EVENTS",
        section=_COLLECTING,
        field="filters.events",
        parse=parse_patterns,
        help="Events whose runs are collected, such as `push,pull_request*` or `!schedule`.",
    ),
    Setting(
        name="ACTORS",
        section=_COLLECTING,
        field="filters.actors",
        parse=parse_patterns,
        help="Accounts whose runs are collected, such as `!dependabot[bot]`.",
    ),
    Setting(
        name="LOGS",
        section=_COLLECTING,
        field="filters.logs",
        parse=one_of(*LOG_CHOICES),
        default="all",
        help="Jobs whose logs are collected: `all`, `failed` (all but successful, skipped and "
        "neutral ones) or `none`.",
    ),
    Setting(
        name="LOG_MODE",
        section=_COLLECTING,
        field="collecting.log_mode",
        parse=one_of("live", "economy"),
        default="live",
        help="`live`: each job is published when it starts and ends, and its log follows. "
        "`economy`: jobs are published when their run has ended, and one archive holds all logs "
        "of an attempt.",
    ),
    Setting(
        name="ARTIFACTS",
        section=_COLLECTING,
        field="collecting.artifacts",
        parse=parse_switch,
        default="off",
        help="`on`: a completed run names its artifacts. This costs one request for each attempt.",
    ),
    Setting(
        name="POLL_SECONDS",
        section=_COLLECTING,
        field="collecting.poll_seconds",
        parse=whole_number_between(1, 600),
        default="30",
        help="Seconds between two polls of an active repository. "
        "In economy mode, and for jobs, no event is later than two polls.",
    ),
    Setting(
        name="BACKFILL_DAYS",
        section=_COLLECTING,
        field="collecting.backfill_days",
        parse=number_between(0, 36500),
        default="1",
        help="Days before it was added for which a repository's runs are collected.",
    ),
    Setting(
        name="RETENTION_DAYS",
        section=_COLLECTING,
        field="collecting.retention_days",
        parse=number_between(LONGEST_CHANGE_DAYS + 1, 36500),
        default="90",
        help="Days after its creation for which an ended run stays in the state, 66 at least. "
        "All processes that share a database need the same value.",
    ),
    Setting(
        name="TASK_SECONDS",
        section=_COLLECTING,
        field="collecting.task_seconds",
        parse=whole_number_between(5, 3600),
        default="25",
        help="Seconds that one background task of an Anvil app works. While work is left, the "
        "next task follows at once. `serve` sets 50.",
    ),
    *HOST_SETTINGS,
)
