"""The settings and their sources, without the values of secrets."""

from __future__ import annotations

import re
from typing import Any

from ...domain.saved_counters import SavedCounters
from ...domain.timestamps import format_timestamp
from ...settings import SETTINGS, LocateSetting, Setting

#: The scheme of a URL; the rest before the host may contain a password.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

#: The query of a URL, which may contain a signature. A pattern may have a ``?``, but no ``=``.
_QUERY = re.compile(r"\?[^\s,]*=.*", re.DOTALL)

#: The name of the counter of webhook deliveries.
WEBHOOK_COUNTER = "webhooks"


def list_settings(locate: LocateSetting) -> list[dict[str, Any]]:
    """Return every setting that the app reads, with its source but no secret's value."""
    # With a GitHub App, no token is needed.
    not_needed = {"GITHUB_TOKEN"} if locate("GITHUB_APP_ID")[0] is not None else set()
    return [
        _row(
            setting,
            *locate(setting.name),
            is_needed=setting.is_needed and setting.name not in not_needed,
        )
        for setting in SETTINGS
        if setting.is_read_by_app
    ]


def webhook_status(
    saved_counters: SavedCounters, *, has_secret: bool, origin: str
) -> dict[str, Any]:
    """Return the webhook's configuration on GitHub, and its last delivery.

    ``origin``: of the app's endpoints, with a path: ``https://NAME.anvil.app/_/api``.
    """
    received = [at for at, counts in saved_counters.intervals if counts.get(WEBHOOK_COUNTER)]
    return {
        "url": f"{origin.rstrip('/')}/github/webhook",
        "secret_is_set": has_secret,
        "events": ["workflow_run", "workflow_job"],
        "content_type": "application/json",
        "received": saved_counters.totals.get(WEBHOOK_COUNTER, 0),
        "last_received_at": format_timestamp(max(received, default=None)),
    }


def _row(setting: Setting, value: str | None, source: str, *, is_needed: bool) -> dict[str, Any]:
    if setting.is_secret or value is None:
        shown = "set" if value is not None else setting.default or "not set"
    else:
        shown = _without_password(value) if setting.may_hold_password else value
    return {
        "name": setting.name,
        "value": shown,
        "part": setting.section,
        "is_secret": setting.is_secret,
        "is_needed": is_needed,
        "source": "missing" if is_needed and value is None else source,
        "what": setting.help.replace("`", ""),
    }


def _without_password(value: str) -> str:
    """Remove what is before the host of a URL, and its query: they may contain a password."""
    before, mark, rest = value.rpartition("@")
    scheme = _SCHEME.match(before)
    shown = _QUERY.sub("?…", rest)
    return f"{scheme.group() if scheme else ''}{'…' if mark else ''}{mark}{shown}"
