"""Settings from this process's environment. No file is read: not even ``.env``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from ingest.settings import Settings, read_settings

_SECRET_NAMES = (
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_WEBHOOK_SECRET",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "ANVIL_UPLINK_KEY",
)


def read_environment(instead: Mapping[str, str] | None = None) -> Settings:
    """Read all settings, those in ``instead`` before the environment's; raises BadSettings."""
    return read_settings({**os.environ, **(instead or {})}.get)


def secret_values(environment: Mapping[str, str]) -> Iterator[str]:
    """Name every value that must never be shown, as it stands and in its parts."""
    yield from (token.strip() for token in environment.get("GITHUB_TOKEN", "").split(","))
    for name in _SECRET_NAMES:
        value = environment.get(name, "").strip()
        yield value
        yield from value.splitlines()  # a key of several lines may be shown line by line
    yield from _passwords(environment.get("DATABASE_URL", ""))


def _passwords(url: str) -> Iterator[str]:
    try:
        password = urlsplit(url.strip()).password or ""
    except ValueError:
        return
    yield password
    yield unquote(password)
