"""How keys, times and bodies stand in the columns."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime, timezone
from typing import Any

from ...domain.runs import AttemptKey
from ...domain.stored_records import attempt_id
from ...domain.stored_values import format_time, to_json

#: Longer ones are kept packed: jobs with their steps repeat themselves.
_PACKED_FROM = 1000
_PACKED = "z:"


def attempt_key(key: AttemptKey) -> str:
    """Write an attempt's key as one text."""
    return "|".join(map(str, attempt_id(key)))


def run_key(repository_key: str, run_id: int) -> str:
    """Write a run's key as one text."""
    return f"{repository_key}|{run_id}"


def age_key(moment: datetime, *numbers: int) -> str:
    """Write what orders as a moment does, and then as numbers do."""
    return "|".join([format_time(moment), *(f"{number:020d}" for number in numbers)])


def pack(body: dict[str, Any]) -> str:
    """Write a body as text, a long one packed."""
    text = to_json(body)
    if len(text) < _PACKED_FROM:
        return text
    return _PACKED + base64.b64encode(zlib.compress(text.encode(), 1)).decode()


def unpack(text: str) -> dict[str, Any]:
    """Read what ``pack`` wrote."""
    if text.startswith(_PACKED):
        text = zlib.decompress(base64.b64decode(text[len(_PACKED) :])).decode()
    body: dict[str, Any] = json.loads(text)
    return body


def utc(moment: datetime | None) -> datetime | None:
    """Return a moment with Python's UTC; Anvil's zone is equal, but not the same object."""
    return None if moment is None else moment.astimezone(timezone.utc)


def as_utc(moment: datetime) -> datetime:
    """Return a moment that is not None with Python's UTC."""
    return moment.astimezone(timezone.utc)
