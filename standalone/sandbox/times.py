"""Times as seconds since 1970, and how GitHub writes them.

They are numbers and not datetimes because a list of runs compares tens of thousands of them.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache

UnixSeconds = float

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0


@lru_cache(maxsize=65536)
def iso(timestamp: UnixSeconds) -> str:
    """Write a time as GitHub does: in whole seconds and UTC, with a `Z`."""
    return datetime.fromtimestamp(int(timestamp), tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_or_none(timestamp: UnixSeconds | None) -> str | None:
    """Write a time as GitHub does, or return None if there is none."""
    return None if timestamp is None else iso(timestamp)


def parse_time(text: str) -> UnixSeconds:
    """Read an ISO date or timestamp; without an offset it is UTC."""
    stamp = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=timezone.utc)).timestamp()


def http_date(timestamp: UnixSeconds) -> str:
    """Write a time for a `Date` header."""
    return datetime.fromtimestamp(int(timestamp), tz=timezone.utc).strftime(
        "%a, %d %b %Y %H:%M:%S GMT"
    )
