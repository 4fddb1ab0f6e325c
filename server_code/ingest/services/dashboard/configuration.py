"""What is configured and from where; never a secret's value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...domain.ledger import MessageCounts
from ...domain.timestamps import format_timestamp
from ...settings import JOB_EVENTS_QUEUE, LOGS_QUEUE, METRICS_QUEUE, Settings

#: What a URL begins with; whatever else stands there may be part of a password.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

#: Under this name deliveries are counted.
WEBHOOKS = "webhooks"

#: Looks a setting up by its name: its value, and where it was found.
Find = Callable[[str], "tuple[str | None, str]"]


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    what: str
    default: str = ""


_SETTINGS = (
    _Setting("GITHUB_TOKEN", "Reads GitHub; several are separated by commas."),
    _Setting("GITHUB_APP_ID", "A GitHub App instead of a token."),
    _Setting("GITHUB_APP_PRIVATE_KEY", "The app's key, as GitHub gave it."),
    _Setting("GITHUB_APP_INSTALLATION_ID", "Where the app is installed, if in several places."),
    _Setting("GITHUB_API_URL", "Another GitHub, such as an Enterprise Server.", "github.com"),
    _Setting("GITHUB_WEBHOOK_SECRET", "What GitHub signs webhooks with."),
    _Setting("AWS_ACCESS_KEY_ID", "Who publishes to SQS."),
    _Setting("AWS_SECRET_ACCESS_KEY", "The key that goes with it."),
    _Setting("AWS_DEFAULT_REGION", "Where the queues are."),
    _Setting("AWS_ENDPOINT_URL", "Another SQS than Amazon's.", "Amazon"),
    _Setting("METRICS_QUEUE", "Where runs and jobs go.", METRICS_QUEUE),
    _Setting("LOGS_QUEUE", "Where logs go.", LOGS_QUEUE),
    _Setting("JOB_EVENTS_QUEUE", "What the agents hand each other work by.", JOB_EVENTS_QUEUE),
    _Setting("LOG_BUCKET", "Where logs go that are too large for a message."),
    _Setting("LOG_MODE", "live: each log at once; economy: one archive a run.", "live"),
    _Setting("POLL_SECONDS", "How often moving repositories are polled.", "30"),
    _Setting("BACKFILL_DAYS", "How far back a new repository is collected.", "1"),
    _Setting("RETENTION_DAYS", "How long it is remembered what was collected.", "90"),
    _Setting("TASK_SECONDS", "How long one background task works.", "25"),
)

_SECRETS = frozenset(
    {
        "GITHUB_TOKEN",
        "GITHUB_APP_PRIVATE_KEY",
        "GITHUB_WEBHOOK_SECRET",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    }
)

#: Without these nothing can be collected, unless the machine itself has a role at AWS.
_NEEDED = frozenset(
    {"GITHUB_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
)


def list_settings(find: Find) -> list[dict[str, Any]]:
    """Lay out every setting with its source; a secret's value is only said to be set or not."""
    return [_row(setting, *find(setting.name)) for setting in _SETTINGS]


def webhook_facts(settings: Settings, traffic: MessageCounts, *, origin: str) -> dict[str, Any]:
    """Say how GitHub is told to send webhooks here, and whether any came."""
    came = [at for at, counts in traffic.spans if counts.get(WEBHOOKS)]
    return {
        "url": f"{origin.rstrip('/')}/github/webhook",
        "secret_is_set": settings.github.webhook_secret is not None,
        "events": ["workflow_run", "workflow_job"],
        "content_type": "application/json",
        "received": traffic.totals.get(WEBHOOKS, 0),
        "last_received_at": format_timestamp(max(came, default=None)),
    }


def _row(setting: _Setting, value: str | None, source: str) -> dict[str, Any]:
    is_secret, is_needed = setting.name in _SECRETS, setting.name in _NEEDED
    if is_secret or value is None:
        shown = "set" if value is not None else setting.default or "not set"
    else:
        shown = _without_password(value)
    return {
        "name": setting.name,
        "value": shown,
        "is_secret": is_secret,
        "is_needed": is_needed,
        "source": "missing" if is_needed and value is None else source,
        "what": setting.what,
    }


def _without_password(value: str) -> str:
    """Leave out what stands before the host of a URL: it may be a password."""
    before, mark, host = value.rpartition("@")
    scheme = _SCHEME.match(before)
    return f"{scheme.group() if scheme else ''}{'…' if mark else ''}{mark}{host}"
