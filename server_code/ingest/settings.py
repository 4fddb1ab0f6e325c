"""What a user configures: read from any lookup of names, all faults named at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import BadSettings

GITHUB_COM_API = "https://api.github.com"
LOG_MODES = ("live", "economy")

METRICS_QUEUE = "ci_cd_metrics_queue"
LOGS_QUEUE = "ci_cd_logs_queue"
JOB_EVENTS_QUEUE = "ci_cd_job_events_queue"

#: https://docs.github.com/en/actions/reference/limits: a run may be run again for 30 days after it
#: began, and lives 35 days at most.
LONGEST_CHANGE_DAYS = 65

#: Looks a setting up by its name in capitals; None where it is not set.
Lookup = Callable[[str], "str | None"]


@dataclass(frozen=True, slots=True)
class Secret:
    """Hold a value that no log, error, message or page may show."""

    _value: str

    def reveal(self) -> str:
        """Give the value to the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubSettings:
    """Say which GitHub is watched and by whom."""

    api_url: str = GITHUB_COM_API
    tokens: tuple[Secret, ...] = ()
    app_id: str | None = None
    app_private_key: Secret | None = None
    app_installation_id: int | None = None
    webhook_secret: Secret | None = None

    @property
    def has_credentials(self) -> bool:
        """Tell whether anything but anonymous access is configured."""
        return bool(self.tokens) or self.app_id is not None

    @property
    def web_hosts(self) -> tuple[str, ...]:
        """Name the hosts whose repository URLs are ours.

        A GitHub on this machine stands in for github.com, so its URLs are taken too.
        """
        host = (urlsplit(self.api_url).hostname or "").removeprefix("api.")
        is_local = host == "localhost" or host.startswith("127.") or host == "::1"
        return ("github.com", host) if is_local else (host,)

    @property
    def web_url(self) -> str:
        """Tell where people open what the API shows; a password in the API's URL is left out."""
        parts = urlsplit(self.api_url)
        host = parts.netloc.rpartition("@")[2].lower()
        return f"{parts.scheme}://{host.removeprefix('api.')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings:
    """Say where the queues are. Credentials that are None are left to boto3's own search."""

    region: str | None = None
    endpoint_url: str | None = None
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    metrics_queue: str = METRICS_QUEUE
    logs_queue: str = LOGS_QUEUE
    job_events_queue: str = JOB_EVENTS_QUEUE
    log_bucket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectingSettings:
    """Say how eagerly is collected, and for how long it is remembered.

    ``log_mode``: ``live`` (each job's log at its end) or ``economy`` (one archive an attempt).
    ``task_seconds``: how long one task works on hosts that run tasks; 25 fits every plan of Anvil.
    """

    poll_seconds: int = 30
    backfill_days: float = 1
    retention_days: float = 90
    log_mode: str = "live"
    expects_webhooks: bool = False
    task_seconds: int = 25

    @property
    def ledger_days(self) -> float:
        """Tell for how many days after a run was created the ledger keeps its settled attempts.

        As long as it may change on GitHub, also where it was created before the backfill began.
        """
        return max(self.retention_days, self.backfill_days + LONGEST_CHANGE_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Be the whole configuration of one collector."""

    github: GithubSettings = GithubSettings()
    aws: AwsSettings = AwsSettings()
    collecting: CollectingSettings = CollectingSettings()
    database_url: str | None = None
    uplink_key: Secret | None = None
    uplink_url: str | None = None


def read_settings(lookup: Lookup) -> Settings:
    """Read every setting; raises BadSettings that names all faults at once."""
    reader = _Reader(lookup)
    github = _read_github(reader)
    settings = Settings(
        github=github,
        aws=_read_aws(reader),
        collecting=CollectingSettings(
            poll_seconds=int(reader.number("POLL_SECONDS", 30, least=1, most=600)),
            backfill_days=reader.number("BACKFILL_DAYS", 1, least=0, most=36500),
            retention_days=reader.number(
                "RETENTION_DAYS", 90, least=LONGEST_CHANGE_DAYS + 1, most=36500
            ),
            log_mode=reader.choice("LOG_MODE", LOG_MODES),
            expects_webhooks=github.webhook_secret is not None,
            task_seconds=int(reader.number("TASK_SECONDS", 25, least=5, most=3600)),
        ),
        database_url=reader.text("DATABASE_URL"),
        uplink_key=reader.secret("ANVIL_UPLINK_KEY"),
        uplink_url=reader.url("ANVIL_UPLINK_URL", schemes=("ws", "wss")),
    )
    if reader.faults:
        raise BadSettings(reader.faults)
    return settings


def _read_github(reader: _Reader) -> GithubSettings:
    settings = GithubSettings(
        api_url=reader.url("GITHUB_API_URL", schemes=("http", "https")) or GITHUB_COM_API,
        tokens=reader.secrets("GITHUB_TOKEN"),
        app_id=reader.text("GITHUB_APP_ID"),
        app_private_key=reader.secret("GITHUB_APP_PRIVATE_KEY"),
        app_installation_id=reader.integer("GITHUB_APP_INSTALLATION_ID"),
        webhook_secret=reader.secret("GITHUB_WEBHOOK_SECRET"),
    )
    reader.require_both("GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY")
    return settings


def _read_aws(reader: _Reader) -> AwsSettings:
    settings = AwsSettings(
        region=reader.text("AWS_DEFAULT_REGION") or reader.text("AWS_REGION"),
        endpoint_url=reader.url("AWS_ENDPOINT_URL", schemes=("http", "https")),
        access_key_id=reader.secret("AWS_ACCESS_KEY_ID"),
        secret_access_key=reader.secret("AWS_SECRET_ACCESS_KEY"),
        session_token=reader.secret("AWS_SESSION_TOKEN"),
        metrics_queue=reader.text("METRICS_QUEUE") or METRICS_QUEUE,
        logs_queue=reader.text("LOGS_QUEUE") or LOGS_QUEUE,
        job_events_queue=reader.text("JOB_EVENTS_QUEUE") or JOB_EVENTS_QUEUE,
        log_bucket=reader.text("LOG_BUCKET"),
    )
    reader.require_both("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    if settings.job_events_queue.endswith(".fifo"):
        reader.faults.append(
            "JOB_EVENTS_QUEUE must be a standard queue: logs that are not there yet wait in it "
            "with delays of their own, which FIFO queues do not have"
        )
    queues = [settings.metrics_queue, settings.logs_queue, settings.job_events_queue]
    if len(set(queues)) < len(queues):
        reader.faults.append(
            "METRICS_QUEUE, LOGS_QUEUE and JOB_EVENTS_QUEUE must name three different queues"
        )
    return settings


class _Reader:
    """Read single settings, and gather what is wrong with them."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.faults: list[str] = []

    def text(self, name: str) -> str | None:
        value = self._lookup(name)
        return value.strip() or None if value is not None else None

    def secret(self, name: str) -> Secret | None:
        value = self.text(name)
        return None if value is None else Secret(value)

    def secrets(self, name: str) -> tuple[Secret, ...]:
        parts = [part.strip() for part in (self.text(name) or "").split(",")]
        if any(not part.isascii() or not part.isprintable() or " " in part for part in parts):
            self.faults.append(f"{name} holds characters that no token has")
        return tuple(Secret(part) for part in dict.fromkeys(parts) if part)

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        value = self.text(name)
        try:
            number = default if value is None else float(value)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            self.faults.append(f"{name} is {value!r}: expected a number from {least} to {most}")
            return default
        return number

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is not None and not (value.isascii() and value.isdecimal() and len(value) < 20):
            self.faults.append(f"{name} is {value!r}: expected digits only")
            return None
        return None if value is None else int(value)

    def require_both(self, one: str, other: str) -> None:
        if (self.text(one) is None) != (self.text(other) is None):
            self.faults.append(f"{one} and {other} belong together: set both or neither")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name)
        if value is not None and value not in choices:
            self.faults.append(f"{name} is {value!r}: expected {' or '.join(choices)}")
        return value if value in choices else choices[0]

    def url(self, name: str, *, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        if not _is_url(value, schemes):
            self.faults.append(
                f"{name} is not a URL that begins with {schemes[0]}:// or {schemes[-1]}://"
            )
        return value.rstrip("/")


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        is_addressed = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_addressed and not any(map(str.isspace, value))
