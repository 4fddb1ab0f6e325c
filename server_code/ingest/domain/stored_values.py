"""How values are written where state stores keep them, and read from there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from .due import DueTimes

#: Names of repositories whose keys are kept: every claim compares all that a process watches.
MAX_CACHED_KEYS = 10_000

_JSON = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


@lru_cache(maxsize=MAX_CACHED_KEYS)
def repository_key(name: str) -> str:
    """Bring a repository's name into the form in which names are compared."""
    return write_ascii(name.lower())


def repository_keys(names: Iterable[str]) -> list[str]:
    """Bring names into the form in which they are compared, each once and in order."""
    return sorted({repository_key(name) for name in names})


def write_time(moment: datetime) -> str:
    """Write a moment in UTC with a fixed width, so that text orders as time does."""
    return f"{moment.astimezone(timezone.utc).isoformat(timespec='microseconds')[:-6]}Z"


def write_optional_time(moment: datetime | None) -> str | None:
    """Write a moment that may be missing."""
    return None if moment is None else write_time(moment)


def write_due_times(due: DueTimes) -> tuple[str, str]:
    """Write the two times that a stored time is compared with."""
    return write_time(due.now), write_time(due.latest)


def read_time(text: str) -> datetime:
    """Read what ``write_time`` wrote."""
    return datetime.fromisoformat(f"{text[:-1]}+00:00")


def read_optional_time(text: str | None) -> datetime | None:
    """Read a moment that may be missing."""
    return None if text is None else read_time(text)


def write_json(value: object) -> str:
    """Write a JSON value in ASCII: PostgreSQL's text takes no NUL, and no text lone surrogates."""
    return _JSON.encode(value)


def read_json(text: str) -> dict[str, Any]:
    """Read an object that ``write_json`` wrote."""
    stored: dict[str, Any] = json.loads(text)
    return stored


def write_ascii(text: str) -> str:
    """Write a text from outside so that any database takes it; most are left as they are."""
    is_plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    return text if is_plain else write_json(text)[1:-1]


def read_ascii(text: str) -> str:
    """Read what ``write_ascii`` wrote."""
    read: str = json.loads(f'"{text}"')
    return read
