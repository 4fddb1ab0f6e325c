"""Settings from this process's environment. No file is read: not even ``.env``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from ingest.settings import SETTINGS, Settings, read_settings


def read_environment(instead: Mapping[str, str] | None = None) -> Settings:
    """Read all settings, those in ``instead`` before the environment's; raises BadSettings."""
    return read_settings({**os.environ, **(instead or {})}.get)


def secret_values(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield every value that must never be shown, whole and in its parts."""
    for setting in SETTINGS:
        for name in (setting.name, *setting.aliases):
            value = environment.get(name, "").strip()
            if setting.is_secret:
                yield value
                yield from (token.strip() for token in value.split(","))
                yield from value.splitlines()  # a key of several lines may be shown line by line
            else:
                yield from _passwords(value)


def _passwords(url: str) -> Iterator[str]:
    try:
        password = urlsplit(url.strip()).password or ""
    except ValueError:
        return
    yield password
    yield unquote(password)
