"""Instants: points in time as seconds since 1970, and GitHub's way of writing them.

Numbers instead of datetimes because a list of runs compares tens of thousands of them.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache

Instant = float

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0


@lru_cache(maxsize=65536)
def iso(instant: Instant) -> str:
    """Write an instant as GitHub does: whole seconds, UTC, `Z`."""
    return datetime.fromtimestamp(int(instant), tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_or_none(instant: Instant | None) -> str | None:
    """Write an instant that may be missing."""
    return None if instant is None else iso(instant)


def parse_instant(text: str) -> Instant:
    """Read an ISO date or timestamp; without an offset it is UTC."""
    stamp = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=timezone.utc)).timestamp()


def http_date(instant: Instant) -> str:
    """Write an instant for a `Date` header."""
    return datetime.fromtimestamp(int(instant), tz=timezone.utc).strftime(
        "%a, %d %b %Y %H:%M:%S GMT"
    )
