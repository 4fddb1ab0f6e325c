"""Points in time as GitHub writes them, always held as aware UTC datetimes."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache

_TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)

#: How many times are cached in both forms. Each is read and written several times: in the message
#: of a job and of its run, in the digests of both, and in the ledger.
_CACHED_TIMES = 8192

#: No timestamp is longer; a longer text is not parsed, nor cached.
_MAX_LENGTH = 100

#: GitHub's zero value for "never"; it is not a time.
_ZERO_YEAR = 1


def parse_timestamp(text: object) -> datetime | None:
    """Read a timestamp with ``Z`` or an offset, with or without fractions; None for anything else.

    It is cut to milliseconds, as ``format_timestamp`` writes it: what is stored is what was read.
    Python 3.10's ``fromisoformat`` refuses ``Z`` and odd fraction lengths, and GitHub sends both.
    """
    return _parse(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None


@lru_cache(maxsize=_CACHED_TIMES)
def _parse(text: str) -> datetime | None:
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, offset = match.groups()
    milliseconds = (fraction or "")[:3].ljust(3, "0")
    zone = "+00:00" if offset in (None, "Z") else offset
    if ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    try:
        parsed = datetime.fromisoformat(f"{day}T{clock}.{milliseconds}{zone}")
        moment = parsed.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return None if moment.year == _ZERO_YEAR else moment


@lru_cache(maxsize=_CACHED_TIMES)
def format_timestamp(moment: datetime | None) -> str | None:
    """Write a moment as UTC with ``Z``, with milliseconds if there are any; None stays None."""
    if moment is None:
        return None
    utc = moment.astimezone(timezone.utc)
    precision = "milliseconds" if utc.microsecond >= 1000 else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def seconds_between(start: datetime | None, end: datetime | None) -> float | int | None:
    """Measure a duration in seconds; None where an end is missing or the two are reversed.

    GitHub's jobs may start before they are created and end before they start; such a duration
    is unknown, not zero and not negative.
    """
    if start is None or end is None or end < start:
        return None
    duration = end - start
    if not duration.microseconds:  # GitHub's times are whole seconds, save a few
        return duration.days * 86_400 + duration.seconds
    seconds = round(duration.total_seconds(), 3)
    return int(seconds) if seconds == int(seconds) else seconds
