"""Keys, times and bodies as they are stored in columns."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime, timezone
from typing import Any

from ...domain.runs import AttemptKey
from ...domain.stored_records import normalized_attempt_key
from ...domain.stored_values import format_time, to_json

#: From this length, bodies are compressed: jobs with their steps repeat themselves.
_MIN_COMPRESSED_LENGTH = 1000
_COMPRESSED_PREFIX = "z:"


def attempt_key_text(key: AttemptKey) -> str:
    """Return an attempt's key as one text."""
    return "|".join(map(str, normalized_attempt_key(key)))


def run_key(repository_key: str, run_id: int) -> str:
    """Return a run's key as one text."""
    return f"{repository_key}|{run_id}"


def sort_key(moment: datetime, *numbers: int) -> str:
    """Return a text that sorts by time, then by numbers."""
    return "|".join([format_time(moment), *(f"{number:020d}" for number in numbers)])


def dump_body(body: dict[str, Any]) -> str:
    """Return a body as JSON, compressed where it is long."""
    text = to_json(body)
    if len(text) < _MIN_COMPRESSED_LENGTH:
        return text
    return _COMPRESSED_PREFIX + base64.b64encode(zlib.compress(text.encode(), 1)).decode()


def load_body(text: str) -> dict[str, Any]:
    """Parse what ``dump_body`` returned."""
    if text.startswith(_COMPRESSED_PREFIX):
        text = zlib.decompress(base64.b64decode(text[len(_COMPRESSED_PREFIX) :])).decode()
    body: dict[str, Any] = json.loads(text)
    return body


def as_optional_utc(moment: datetime | None) -> datetime | None:
    """Return a moment with Python's UTC, or None."""
    return None if moment is None else moment.astimezone(timezone.utc)


def as_utc(moment: datetime) -> datetime:
    """Return a moment with Python's UTC; Anvil's zone is equal, but not the same object."""
    return moment.astimezone(timezone.utc)
