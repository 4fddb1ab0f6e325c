"""Settings from this process's environment, and from the file that ``github-app`` writes.

No other file is read, not even ``.env``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from ingest.bootstrap.github_app_file import DEFAULT_GITHUB_APP_FILE, lookup_with_github_app_file
from ingest.domain.quotes import unquoted
from ingest.errors import BadSettings
from ingest.settings import SETTINGS, LookUpSetting, Settings, read_settings

#: The options of PostgreSQL's URLs that hold a password.
_PASSWORD_OPTION = re.compile(r"[?&](?:ssl)?password=([^&]*)")


def read_environment(overrides: Mapping[str, str] | None = None) -> Settings:
    """Read all settings; ``overrides`` replace variables. Raises BadSettings."""
    return read_settings(lookup_in({**os.environ, **(overrides or {})}))


def lookup_in(environment: Mapping[str, str]) -> LookUpSetting:
    """Return a lookup in variables, and in the file of ``github-app``. Raises BadSettings."""
    return lookup_with_github_app_file(environment.get, default=DEFAULT_GITHUB_APP_FILE)


def secret_values(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield every value that must never be shown, whole and in its parts."""
    try:
        lookup = lookup_in(environment)
    except BadSettings:
        lookup = environment.get  # the command itself reports the file
    for setting in SETTINGS:
        for name in (setting.name, *setting.aliases):
            value = unquoted(lookup(name) or "")
            if setting.is_secret:
                yield value
                yield from map(unquoted, value.split(","))
                yield from value.splitlines()  # a key of several lines may be shown line by line
            elif setting.may_hold_password:
                yield from _passwords(value)


def _passwords(value: str) -> Iterator[str]:
    """Yield the passwords of a URL, or of a list of them."""
    for url in {value, *value.split(",")}:
        before_host = url.rpartition("@")[0]
        password = (before_host.partition("://")[2] or before_host).partition(":")[2]
        for each in (password, *_PASSWORD_OPTION.findall(url)):
            yield each
            yield unquote(each)
