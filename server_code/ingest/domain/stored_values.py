"""The texts in which state stores keep times, JSON and texts from outside."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from .due import DueTimes

#: How many names are cached with their keys: every claim compares all repositories of a process.
MAX_CACHED_KEYS = 10_000

_JSON = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


@lru_cache(maxsize=MAX_CACHED_KEYS)
def repository_key(name: str) -> str:
    """Bring a repository's name into the form in which names are compared."""
    return escape_text(name.lower())


def repository_keys(names: Iterable[str]) -> list[str]:
    """Bring names into the form in which they are compared, each once, sorted."""
    return sorted({repository_key(name) for name in names})


def format_time(moment: datetime) -> str:
    """Format a moment in UTC with a fixed width, so that text orders as time does."""
    return f"{moment.astimezone(timezone.utc).isoformat(timespec='microseconds')[:-6]}Z"


def format_optional_time(moment: datetime | None) -> str | None:
    """Format a moment that may be missing."""
    return None if moment is None else format_time(moment)


def due_query_bounds(due: DueTimes) -> tuple[str, str]:
    """Return two texts for a query: a stored time is due up to the first and after the second."""
    return format_time(due.now), format_time(due.latest_plausible)


def parse_time(text: str) -> datetime:
    """Parse what ``format_time`` returned."""
    return datetime.fromisoformat(f"{text[:-1]}+00:00")


def parse_optional_time(text: str | None) -> datetime | None:
    """Parse a moment that may be missing."""
    return None if text is None else parse_time(text)


def to_json(value: object) -> str:
    """Return JSON in ASCII: PostgreSQL stores no NUL, and no database stores lone surrogates."""
    return _JSON.encode(value)


def from_json(text: str) -> dict[str, Any]:
    """Return the object that ``to_json`` was given."""
    stored: dict[str, Any] = json.loads(text)
    return stored


def escape_text(text: str) -> str:
    """Escape a text from outside as JSON does, so that any database takes it."""
    is_plain = text.isascii() and text.isprintable() and '"' not in text and "\\" not in text
    return text if is_plain else to_json(text)[1:-1]


def unescape_text(text: str) -> str:
    """Return the text that ``escape_text`` was given."""
    read: str = json.loads(f'"{text}"')
    return read
