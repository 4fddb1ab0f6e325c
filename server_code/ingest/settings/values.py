"""The configuration of one collector, as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..domain.filters import NO_FILTERS, Filters
from ..domain.sources import SourcePattern
from ..domain.web_links import web_hosts

GITHUB_COM_API = "https://api.github.com"

METRICS_QUEUE = "ci_cd_metrics_queue"
LOGS_QUEUE = "ci_cd_logs_queue"
JOB_EVENTS_QUEUE = "ci_cd_job_events_queue"

#: https://docs.github.com/en/actions/reference/limits: a run may be run again for 30 days after it
#: began, and lives 35 days at most.
LONGEST_CHANGE_DAYS = 65


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that no log, error, message or page may show."""

    _value: str

    def reveal(self) -> str:
        """Return the value; only for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubSettings:
    """The GitHub server and the credentials that read it."""

    api_url: str = GITHUB_COM_API
    tokens: tuple[Secret, ...] = ()
    app_id: str | None = None
    app_private_key: Secret | None = None
    app_installation_id: int | None = None
    webhook_secret: Secret | None = None

    @property
    def has_credentials(self) -> bool:
        """Return whether anything but anonymous access is configured."""
        return bool(self.tokens) or self.app_id is not None

    @property
    def web_hosts(self) -> tuple[str, ...]:
        """Return the hosts whose repository URLs are accepted."""
        return web_hosts(self.api_url)

    @property
    def web_url(self) -> str:
        """Return the address of GitHub's web pages, without a password of the API's URL."""
        parts = urlsplit(self.api_url)
        host = parts.netloc.rpartition("@")[2].lower()
        return f"{parts.scheme}://{host.removeprefix('api.')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """The AWS account. boto3 searches for credentials that are None."""

    region: str | None = None
    endpoint_url: str | None = None
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """The Azure namespace and storage account; Entra ID is used where no connection is given."""

    servicebus_connection: Secret | None = None
    servicebus_namespace: str | None = None
    storage_connection: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """The bus, its queues, and the bucket for what does not fit on them."""

    event_bus: str = "sqs"
    metrics_queue: str = METRICS_QUEUE
    logs_queue: str = LOGS_QUEUE
    job_events_queue: str = JOB_EVENTS_QUEUE
    log_bucket: str | None = None
    google_project: str | None = None

    @property
    def names(self) -> tuple[str, str, str]:
        """Return the names of the three queues."""
        return (self.metrics_queue, self.logs_queue, self.job_events_queue)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectingSettings:
    """How often is polled, how far back, and how long the state keeps what ended.

    ``artifacts``: read the list of artifacts of every ended attempt.
    ``message_format``: ``runstream``, or ``cloudevents``.
    ``log_mode``: ``live`` (each job's log at its end) or ``economy`` (one archive per attempt).
    ``task_seconds``: the length of one background task; 25 fits every plan of Anvil.
    """

    poll_seconds: int = 30
    backfill_days: float = 1
    retention_days: float = 90
    log_mode: str = "live"
    artifacts: bool = False
    message_format: str = "runstream"
    expects_webhooks: bool = False
    filters: Filters = NO_FILTERS
    task_seconds: int = 25

    @property
    def ledger_days(self) -> float:
        """Return how many days after its creation the ledger keeps a settled attempt.

        A run that was created before the backfill began can still change on GitHub.
        """
        return max(self.retention_days, self.backfill_days + LONGEST_CHANGE_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of one collector."""

    github: GithubSettings = GithubSettings()
    queues: QueueSettings = QueueSettings()
    aws: AwsSettings = AwsSettings()
    azure: AzureSettings = AzureSettings()
    collecting: CollectingSettings = CollectingSettings()
    sources: tuple[SourcePattern, ...] = ()
    database_url: str | None = None
    uplink_key: Secret | None = None
    uplink_url: str | None = None
    mcp_token: Secret | None = None

    @property
    def bus_account(self) -> str | None:
        """Return where the queues of EVENT_BUS are; None where no setting says so."""
        azure = "Azure" if self.azure.servicebus_connection else self.azure.servicebus_namespace
        accounts = {
            "sqs": self.aws.region or self.aws.endpoint_url,
            "servicebus": azure,
            "pubsub": self.queues.google_project,
        }
        return accounts[self.queues.event_bus]

    @property
    def cloudevents_root(self) -> str | None:
        """Return what the sources of CloudEvents begin with; None for Runstream's own format."""
        return self.github.web_url if self.collecting.message_format == "cloudevents" else None
