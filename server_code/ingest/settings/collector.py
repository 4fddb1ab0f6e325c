"""The configuration of one collector, and the table of all settings."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.sources import SourcePattern
from .collecting import CollectingSettings, SelectionSettings
from .github import GithubSettings
from .parsing import parse_database_url, url_of
from .queues import AwsSettings, AzureSettings, QueueSettings
from .secret import Secret
from .setting import Setting, setting, settings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of one collector."""

    github: GithubSettings = GithubSettings()
    queues: QueueSettings = QueueSettings()
    aws: AwsSettings = AwsSettings()
    azure: AzureSettings = AzureSettings()
    collecting: CollectingSettings = CollectingSettings()
    sources: tuple[SourcePattern, ...] = ()
    database_url: str | None = setting(
        "DATABASE_URL",
        default=None,
        parse=parse_database_url,
        shown="runstream.db",
        is_read_by_app=False,
        help="State of `collect`: a SQLite file, or `postgresql://…` for several processes that "
        "share the work.",
    )
    uplink_key: Secret | None = setting(
        "ANVIL_UPLINK_KEY",
        default=None,
        parse=Secret,
        is_read_by_app=False,
        help="Server Uplink key of the Anvil app that `uplink` works for.",
    )
    uplink_url: str | None = setting(
        "ANVIL_UPLINK_URL",
        default=None,
        parse=url_of("ws", "wss"),
        shown="wss://anvil.works/uplink",
        is_read_by_app=False,
        help="Uplink address of that app.",
    )
    mcp_token: Secret | None = setting(
        "MCP_TOKEN",
        default=None,
        parse=Secret,
        is_read_by_app=False,
        help="Bearer token that clients of `mcp --http` send.",
    )

    @property
    def has_queue_location(self) -> bool:
        """Return whether it is set where the queues of EVENT_BUS are."""
        azure = self.azure.servicebus_connection or self.azure.servicebus_namespace
        locations = {
            "sqs": self.aws.region or self.aws.endpoint_url,
            "servicebus": azure,
            "pubsub": self.queues.google_project,
        }
        return locations[self.queues.event_bus] is not None

    @property
    def cloudevents_source_root(self) -> str | None:
        """Return what ``source`` of a CloudEvent begins with; None for Runstream's own format."""
        return self.github.web_url if self.queues.message_format == "cloudevents" else None


#: Settings that a command or an adapter reads by itself.
_READ_ELSEWHERE = (
    Setting(
        name="GITHUB_APP_FILE",
        section="agents",
        default=".runstream/github-app.json",
        help="Private file with the App that `github-app create` or the dashboard registered. "
        "Used if GITHUB_APP_ID is not set.",
    ),
    Setting(
        name="LOGIN_CONTACT",
        section="accounts",
        may_hold_password=False,
        help="Whom to ask for an account or a new password, as an email address or a name. The "
        "login page shows it to everybody.",
    ),
    Setting(
        name="RUNSTREAM_HTTP",
        section="agents",
        is_read_by_app=False,
        help="`[HOST:]PORT` at which `collect` and `uplink` serve `/healthz` and `/metrics`, "
        "like `--http`.",
    ),
    Setting(
        name="ANVIL_APP_SERVER",
        section="agents",
        default="anvil-app-server",
        is_read_by_app=False,
        help="App server that `serve` and `run` start. The one from pip needs a Java virtual "
        "machine, and the internet at its first start.",
    ),
    Setting(
        name="ANVIL_DATABASE_URL",
        section="agents",
        parse=parse_database_url,
        is_read_by_app=False,
        help="PostgreSQL database for the Data Tables of `serve`. By default DATABASE_URL if it "
        "is PostgreSQL, else the database that comes with the app server.",
    ),
)

SETTINGS = (
    *settings_of(GithubSettings, "credentials"),
    *settings_of(AwsSettings, "event_bus"),
    *settings_of(AzureSettings, "event_bus"),
    *settings_of(QueueSettings, "event_bus"),
    *settings_of(
        SelectionSettings, "sources"
    ),  # only declared: ``Settings`` holds what they select
    *settings_of(CollectingSettings, "agents"),
    *settings_of(Settings, "agents"),
    *_READ_ELSEWHERE,
)
