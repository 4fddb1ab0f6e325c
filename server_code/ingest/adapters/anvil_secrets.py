"""Settings on Anvil: the environment first, then App Secrets.

https://anvil.works/docs/security/encrypting-secret-data: only server modules may read secrets. On
an Uplink they are refused, so settings come from the environment of its machine.
"""

from __future__ import annotations

import math
import os
import time

import anvil.secrets
import anvil.server

from ..domain.quotes import unquoted

ENVIRONMENT = "environment"
APP_SECRET = "App Secret"  # noqa: S105 - a place, not a password
DEFAULT = "default"

#: How long a process caches a secret: reading one is a request, and every call of a page needs all.
#: A changed secret is another version of the app's source, for which Anvil starts a new process.
CACHE_SECONDS = 300.0

_cache: dict[str, tuple[str | None, float]] = {}


def get_setting(name: str) -> str | None:
    """Return a setting by its name in capitals; None where it is not set."""
    return locate_setting(name)[0]


def locate_setting(name: str) -> tuple[str | None, str]:
    """Return a setting and where it was found."""
    if unquoted(value := os.environ.get(name, "")):
        return value, ENVIRONMENT
    secret = _secret(name.lower())
    return (secret, APP_SECRET) if unquoted(secret or "") else (None, DEFAULT)


def _secret(name: str) -> str | None:
    if anvil.server.context.type == "uplink":
        return None
    now = time.monotonic()
    value, read_at = _cache.get(name, (None, -math.inf))
    if now - read_at > CACHE_SECONDS:
        value = _read(name)
        _cache[name] = value, now
    return value


def _read(name: str) -> str | None:
    try:
        value = anvil.secrets.get_secret(name)
    except anvil.secrets.SecretError:
        return None
    # The app server returns a number where its configuration has no quotes.
    return None if value is None else str(value)
