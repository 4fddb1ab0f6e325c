"""The app server's configuration file, with every setting as an App Secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ingest.domain.quotes import unquoted
from ingest.settings import SETTINGS

#: How long a page's call may take: it may wait for GitHub and AWS. The default is 30 seconds.
CALL_SECONDS = "60"

#: An open transaction holds one connection to the database, and its calls need more. If the open
#: transactions hold all of them, they wait until they expire. The default is 2 for each core.
DATABASE_CONNECTIONS = "20"

#: Only the proxy, and the process that the server starts for server code, connect to the server.
SERVER_ADDRESS = "127.0.0.1"

#: The app receives no mail. With a valid port the server would accept it on every address.
NO_MAIL_PORT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfiguration:
    """The app server's options. ``database`` is a JDBC URL; None selects its bundled database."""

    app: Path
    data_dir: Path
    origin: str
    port: int
    uplink_key: str = field(repr=False)
    database: str | None = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)

    def as_yaml(self) -> str:
        """Return the text of the configuration file."""
        options: dict[str, Any] = {
            "app": str(self.app),
            "data-dir": str(self.data_dir),
            "origin": self.origin,
            "ip": SERVER_ADDRESS,
            "port": self.port,
            "smtp-server-port": NO_MAIL_PORT,
            "disable-tls": True,  # this also lets the proxy name the client's address
            "auto-migrate": True,
            "downlink-worker-timeout": CALL_SECONDS,
            "db-connection-pool-size": DATABASE_CONNECTIONS,
            "uplink-key": self.uplink_key,
            "secret": dict(self.secrets),
        }
        if self.database is not None:
            options["database"] = self.database
        return yaml.dump(
            options, Dumper=_QuotingDumper, sort_keys=False, width=2**31, allow_unicode=True
        )


def secrets_from(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the collector's settings that are set, by the names of their App Secrets.

    Settings that only `collect`, `mcp`, `serve` or the Uplink read are left out.
    """
    names = [
        name
        for setting in SETTINGS
        if setting.is_read_by_app
        for name in (setting.name, *setting.aliases)
    ]
    values = ((name.lower(), unquoted(environment.get(name, ""))) for name in names)
    return {name: value for name, value in values if value}


class _QuotingDumper(yaml.SafeDumper):
    """A YAML dumper that quotes every value, because the server would read digits as numbers."""


def _represent_text(dumper: _QuotingDumper, text: str) -> yaml.Node:
    is_block = "\n" in text and all(line.isprintable() for line in text.split("\n"))
    style = "|" if is_block else '"'  # a block keeps only this line break
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_QuotingDumper.add_representer(str, _represent_text)
