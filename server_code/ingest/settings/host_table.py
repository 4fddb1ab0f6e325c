"""The settings of single hosts and commands; part of the table of all."""

from __future__ import annotations

from .parsing import parse_database_url, parse_secret, url_of
from .setting import Setting

HOSTS = "Hosts"

HOST_SETTINGS = (
    Setting(
        name="DATABASE_URL",
        section=HOSTS,
        field="database_url",
        parse=parse_database_url,
        default="runstream.db",
        host="headless",
        help="State of `collect`: a SQLite file, or `postgresql://…` for several processes that "
        "share the work.",
    ),
    Setting(
        name="GITHUB_APP_FILE",
        section=HOSTS,
        default=".runstream/github-app.json",
        help="Private file with the App that `github-app create` or the dashboard registered. "
        "Used if GITHUB_APP_ID is not set.",
    ),
    Setting(
        name="ANVIL_UPLINK_KEY",
        section=HOSTS,
        field="uplink_key",
        parse=parse_secret,
        is_secret=True,
        host="uplink",
        help="Server Uplink key of the Anvil app that `uplink` works for.",
    ),
    Setting(
        name="ANVIL_UPLINK_URL",
        section=HOSTS,
        field="uplink_url",
        parse=url_of("ws", "wss"),
        default="wss://anvil.works/uplink",
        host="uplink",
        help="Uplink address of that app.",
    ),
    Setting(
        name="LOGIN_CONTACT",
        section=HOSTS,
        help="Whom to ask for an account or a new password, as an email address or a name. The "
        "login page shows it to everybody.",
    ),
    Setting(
        name="RUNSTREAM_HTTP",
        section=HOSTS,
        host="headless",
        help="`[HOST:]PORT` at which `collect` and `uplink` serve `/healthz` and `/metrics`, "
        "like `--http`.",
    ),
    Setting(
        name="MCP_TOKEN",
        section=HOSTS,
        field="mcp_token",
        parse=parse_secret,
        is_secret=True,
        host="mcp",
        help="Bearer token that clients of `mcp --http` send.",
    ),
    Setting(
        name="ANVIL_APP_SERVER",
        section=HOSTS,
        default="anvil-app-server",
        host="serve",
        help="App server that `serve` and `run` start. The one from pip needs a Java virtual "
        "machine, and the internet at its first start.",
    ),
    Setting(
        name="ANVIL_DATABASE_URL",
        section=HOSTS,
        parse=parse_database_url,
        host="serve",
        help="PostgreSQL database for the Data Tables of `serve`. By default DATABASE_URL if it "
        "is PostgreSQL, else the database that comes with the app server.",
    ),
)
