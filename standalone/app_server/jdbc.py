"""PostgreSQL's address as the app server's driver reads it.

https://jdbc.postgresql.org/documentation/use/: user and password are parameters, and every value is
percent-encoded; a plus sign stands for a space, but not in a URL of libpq.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ingest.domain.quotes import unquoted
from ingest.settings.parsing import parse_database_url

from .errors import CannotServe

_SCHEMES = ("postgresql", "postgres")

#: The driver's names of parameters that libpq calls differently.
_PARAMETERS = {
    "application_name": "ApplicationName",
    "connect_timeout": "connectTimeout",
    "target_session_attrs": "targetServerType",
}
#: The driver's values of targetServerType that libpq calls differently.
_SERVER_TYPES = {
    "read-write": "primary",
    "read-only": "secondary",
    "standby": "secondary",
    "prefer-standby": "preferSecondary",
}


def is_postgres(url: str) -> bool:
    """Return whether `jdbc_url` accepts a URL."""
    return url.partition("://")[0] in _SCHEMES or url.startswith("jdbc:postgresql:")


def jdbc_url(url: str) -> str:
    """Return a libpq URL as a JDBC URL; a URL that is one already stays as it is."""
    if url.startswith("jdbc:"):
        return url
    try:
        parts = urlsplit(parse_database_url(url))
        user, password = parts.username, parts.password
    except ValueError as error:
        # The text of the ValueError would show the password.
        raise CannotServe("The database's URL cannot be read: encode its password.") from error
    address = parts.netloc.rpartition("@")[2]
    if parts.scheme not in _SCHEMES or not address:
        raise CannotServe(
            "The app server's database must be postgresql://USER:PASSWORD@HOST:PORT/NAME: it "
            "can use neither a file nor a socket without a host."
        )
    login = [("user", user), ("password", password)]
    parameters = {name: unquote(value) for name, value in login if value is not None}
    for name, value in parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True):
        parameters[_PARAMETERS.get(name, name)] = value
    if "," in address:  # of several hosts the one that takes writes, as the state's connections do
        parameters.setdefault("targetServerType", "primary")
    if (server_type := parameters.get("targetServerType")) is not None:
        parameters["targetServerType"] = _SERVER_TYPES.get(server_type, server_type)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return f"jdbc:postgresql://{address}{parts.path or '/'}" + (f"?{query}" if query else "")


def named_database(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the setting that names the database of the Data Tables, and its URL."""
    for name in ("ANVIL_DATABASE_URL", "DATABASE_URL"):
        url = unquoted(environment.get(name, ""))
        if url and (is_postgres(url) or name == "ANVIL_DATABASE_URL"):
            return name, url
    return None
