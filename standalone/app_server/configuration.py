"""What the app server is told: its configuration file, with every setting as an App Secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

#: A page's longest answers ask GitHub and AWS; the server's own bound is 30 seconds.
CALL_SECONDS = "60"

#: The app receives no mail. The server listens for it on every address, unless the port is none.
NO_MAIL_PORT = -1

#: What the app reads as a secret where its environment does not say it: all of `ingest.settings`,
#: but for DATABASE_URL, which is a headless collector's, and the keys of a daemon on the Uplink.
SETTINGS = (
    "GITHUB_TOKEN",
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_APP_INSTALLATION_ID",
    "GITHUB_API_URL",
    "GITHUB_WEBHOOK_SECRET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "METRICS_QUEUE",
    "LOGS_QUEUE",
    "JOB_EVENTS_QUEUE",
    "LOG_BUCKET",
    "LOG_MODE",
    "POLL_SECONDS",
    "BACKFILL_DAYS",
    "TASK_SECONDS",
)

#: What the app must not inherit: they belong to other hosts of the collector, or to `serve`.
NOT_INHERITED = frozenset(
    {
        "DATABASE_URL",
        "ANVIL_DATABASE_URL",
        "ANVIL_APP_SERVER",
        "ANVIL_UPLINK_KEY",
        "ANVIL_UPLINK_URL",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfiguration:
    """Hold all that the server is told. ``database`` is a JDBC URL; None is its bundled one."""

    app: Path
    data_dir: Path
    origin: str
    ip: str
    port: int
    uplink_key: str = field(repr=False)
    database: str | None = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)

    def as_yaml(self) -> str:
        """Write the configuration file."""
        told: dict[str, Any] = {
            "app": str(self.app),
            "data-dir": str(self.data_dir),
            "origin": self.origin,
            "ip": self.ip,
            "port": self.port,
            "smtp-server-port": NO_MAIL_PORT,
            "disable-tls": True,  # which is the business of a proxy before it
            "auto-migrate": True,
            "downlink-worker-timeout": CALL_SECONDS,
            "uplink-key": self.uplink_key,
            "secret": dict(self.secrets),
        }
        if self.database is not None:
            told["database"] = self.database
        return yaml.dump(told, Dumper=_Quoting, sort_keys=False, width=2**31, allow_unicode=True)


def secrets_from(environment: Mapping[str, str]) -> dict[str, str]:
    """Name every setting that is set as the App Secret that the app looks for."""
    return {name.lower(): environment[name] for name in SETTINGS if environment.get(name)}


class _Quoting(yaml.SafeDumper):
    """Quote every value, for the server would make numbers of digits; lines stay lines."""


def _represent_text(dumper: _Quoting, text: str) -> yaml.Node:
    is_key_or_value = "|" if "\n" in text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=is_key_or_value)


_Quoting.add_representer(str, _represent_text)
