"""What GitHub's answers say about further asking."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

#: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
#: Without a header that tells more: wait at least one minute, then longer each time.
SECONDARY_WAIT_SECONDS = 60

#: No clock or proxy gone wrong may silence a collector for longer; it asks again and is told again.
MAX_WAIT_SECONDS = 24 * 3600

_SECONDARY_WORDS = ("secondary rate limit", "abuse detection", "secondary limit")
_LIMIT_WORDS = ("rate limit", *_SECONDARY_WORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Be one resource's primary limit as the last answer told it."""

    resource: str
    limit: int
    remaining: int
    reset_at: datetime


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Read the ``x-ratelimit-*`` headers (lower-case names); None where an answer has none."""
    try:
        return RateLimit(
            resource=headers.get("x-ratelimit-resource", "core"),
            limit=int(float(headers["x-ratelimit-limit"])),
            remaining=int(float(headers["x-ratelimit-remaining"])),
            reset_at=datetime.fromtimestamp(float(headers["x-ratelimit-reset"]), timezone.utc),
        )
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def is_limit_answer(status: int, headers: Mapping[str, str], body: str) -> bool:
    """Tell whether a refusal is a limit, not a missing right.

    429 always is; 403 is with ``retry-after``, with nothing remaining, or by its words.
    """
    if status == 429:
        return True
    if status != 403:
        return False
    if "retry-after" in headers or _nothing_remains(headers):
        return True
    return any(words in body.lower() for words in _LIMIT_WORDS)


def exhausted_resource(headers: Mapping[str, str], body: str) -> str | None:
    """Name the resource whose hour is used up; None for a limit answer that speaks of all.

    REST and GraphQL have hours of their own. ``retry-after`` and the secondary limits hold for
    whatever the token asks.
    """
    speaks_of_all = any(words in body.lower() for words in _SECONDARY_WORDS)
    if "retry-after" in headers or speaks_of_all or not _nothing_remains(headers):
        return None
    return headers.get("x-ratelimit-resource", "core")


def retry_at(headers: Mapping[str, str], *, now: datetime, refusals: int) -> datetime:
    """Find when to ask again after a limit answer, in the order GitHub asks to obey.

    ``retry-after`` first, then the reset of an exhausted primary limit, else one minute that
    doubles with every refusal in a row (``refusals``, from 1), up to an hour.
    """
    after = _number(headers.get("retry-after"))
    limit = parse_rate_limit(headers)
    if after is not None:
        wait = max(after, 1)
    elif limit is not None and limit.remaining <= 0 and limit.reset_at > now:
        wait = (limit.reset_at - now).total_seconds() + 1
    else:
        wait = min(SECONDARY_WAIT_SECONDS * 2 ** (refusals - 1), 3600)
    return now + timedelta(seconds=min(wait, MAX_WAIT_SECONDS))


def _nothing_remains(headers: Mapping[str, str]) -> bool:
    remaining = _number(headers.get("x-ratelimit-remaining"))
    return remaining is not None and remaining <= 0


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return None if math.isnan(number) else number
