"""Settings under Anvil: the environment first, then App Secrets.

https://anvil.works/docs/security/encrypting-secret-data: secrets answer server modules only. On an
Uplink they are refused, and the environment of its machine is all there is.
"""

from __future__ import annotations

import math
import os
import time

import anvil.secrets
import anvil.server

ENVIRONMENT = "environment"
APP_SECRET = "App Secret"  # noqa: S105 - a place, not a password
NOWHERE = "default"

#: How long a process knows what it has read. Each secret is a request, and every call of a page
#: needs all. A changed one is another version of the app's source, for which Anvil starts a new
#: process: https://anvil.works/docs/security/encrypting-secret-data
KEPT_SECONDS = 300.0

_known: dict[str, tuple[str | None, float]] = {}

#: What Anvil calls code that runs in a process of its own.
_UPLINK = "uplink"


def look_up(name: str) -> str | None:
    """Return a setting by its name in capitals; None where it is not set."""
    return find(name)[0]


def find(name: str) -> tuple[str | None, str]:
    """Return a setting and where it was found."""
    value = os.environ.get(name)
    if value is not None and value.strip():
        return value, ENVIRONMENT
    secret = _secret(name.lower())
    return (None, NOWHERE) if secret is None else (secret, APP_SECRET)


def _secret(name: str) -> str | None:
    if anvil.server.context.type == _UPLINK:
        return None
    now = time.monotonic()
    value, read_at = _known.get(name, (None, -math.inf))
    if now - read_at > KEPT_SECONDS:
        value = _read(name)
        _known[name] = value, now
    return value


def _read(name: str) -> str | None:
    try:
        value = anvil.secrets.get_secret(name)
    except anvil.secrets.SecretError:
        return None
    # A number without quotes in the app server's configuration comes as one.
    return None if value is None else str(value)
