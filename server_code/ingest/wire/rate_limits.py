"""The rate limits that GitHub's answers report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

from ..domain.backoff import backoff

#: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
#: If no header names a time: wait at least one minute, then longer each time.
SECONDARY_WAIT = timedelta(minutes=1)

#: The longest of the waits that grow with each refusal in a row.
MAX_GROWN_WAIT = timedelta(hours=1)

#: A wrong clock or a proxy cannot stop a collector for longer.
MAX_WAIT_SECONDS = 24 * 3600

#: A primary limit lasts an hour. A reset that is further ahead is wrong, or of another clock.
MAX_RESET_TIME = timedelta(minutes=65)

#: A limit that was reset this long before an answer says nothing of the current hour.
EXPIRED_SECONDS = 60

#: Two reset times that differ by less belong to one hour: GitHub's servers may round them apart.
SAME_HOUR = timedelta(seconds=60)

#: Smaller differences between GitHub's clock and ours are ignored.
CLOCK_TOLERANCE = timedelta(seconds=5)

#: A machine without a hardware clock starts in 1970; no clock is further off.
MAX_CLOCK_OFFSET = timedelta(days=36_525)

_SECONDARY_PHRASES = ("secondary rate limit", "abuse detection", "secondary limit")
_LIMIT_PHRASES = (
    "rate limit exceeded",
    "rate limit already exceeded",
    "exceeded a rate limit",
    *_SECONDARY_PHRASES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The primary limit of one resource in the last answer. ``reset_at`` is by GitHub's clock."""

    resource: str
    limit: int
    remaining: int
    reset_at: datetime


def is_same_hour(reset_at: datetime, other: datetime) -> bool:
    """Return whether two reset times belong to the same hour of a limit."""
    return abs(reset_at - other) < SAME_HOUR


def is_later_hour(reset_at: datetime, known: datetime) -> bool:
    """Return whether a reset time belongs to a later hour of a limit than a known one."""
    return reset_at - known >= SAME_HOUR


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """Read the ``x-ratelimit-*`` headers (lower-case names); None if an answer has none.

    A server without limits may send a limit of 0.
    """
    if _has_no_limit(headers):
        return None
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
    """Return whether a refusal is a limit, and not a missing permission or a missing resource.

    429 always is a limit. 403 and 404 are limits with ``retry-after``, with no requests remaining,
    or by their message: GitHub also answers 404 for private resources to a client that exceeded a
    limit.
    """
    if status == 429:
        return True
    if status not in (403, 404):
        return False
    return "retry-after" in headers or _nothing_remains(headers) or speaks_of_limit(body)


def speaks_of_limit(text: str) -> bool:
    """Return whether a message of GitHub is about a limit."""
    return any(phrase in text.lower() for phrase in _LIMIT_PHRASES)


def is_secondary_limit(text: str) -> bool:
    """Return whether a message of GitHub is about a secondary limit."""
    return any(phrase in text.lower() for phrase in _SECONDARY_PHRASES)


def exhausted_resource(headers: Mapping[str, str], body: str) -> str | None:
    """Return the resource whose hour is used up; None if the answer limits all resources.

    REST and GraphQL have separate hours. ``retry-after`` and the secondary limits apply to all
    requests with the token.
    """
    if "retry-after" in headers or is_secondary_limit(body) or not _nothing_remains(headers):
        return None
    return headers.get("x-ratelimit-resource", "core")


def retry_at(
    headers: Mapping[str, str], *, now: datetime, refusals: int, offset: timedelta = timedelta(0)
) -> datetime:
    """Return when to ask again after a limit answer, in the order that GitHub documents.

    ``retry-after`` comes first, then the reset of an exhausted primary limit, else one minute.
    ``refusals`` in a row (from 1) double this minute each time, up to an hour. If ``retry-after``
    is less than a minute, they double one second in the same way, and the longer wait counts. A
    longer ``retry-after`` counts alone. ``offset``: by how much GitHub's clock is ahead of
    ``now``.
    """
    github_now = now + offset
    after = parse_retry_after(headers, github_now=github_now)
    limit = with_plausible_reset(parse_rate_limit(headers), github_now=github_now)
    if after is not None and after >= SECONDARY_WAIT:
        wait = after
    elif after is not None:
        wait = max(after, backoff(refusals, maximum=MAX_GROWN_WAIT))
    elif limit is not None and limit.remaining <= 0 and limit.reset_at > github_now:
        wait = limit.reset_at - github_now + timedelta(seconds=1)
    else:
        wait = backoff(refusals, first=SECONDARY_WAIT, maximum=MAX_GROWN_WAIT)
    return now + wait


def with_plausible_reset(limit: RateLimit | None, *, github_now: datetime) -> RateLimit | None:
    """Return a limit with its reset no further ahead than a reset can be."""
    if limit is None:
        return None
    return replace(limit, reset_at=min(limit.reset_at, github_now + MAX_RESET_TIME))


def parse_retry_after(headers: Mapping[str, str], *, github_now: datetime) -> timedelta | None:
    """Return how long ``retry-after`` asks to wait, given as a number of seconds or as a date.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is None:
        date = parse_http_date(value)
        seconds = None if date is None else (date - github_now).total_seconds()
    return None if seconds is None else timedelta(seconds=min(max(seconds, 0), MAX_WAIT_SECONDS))


@lru_cache  # the answers of one second have the same date
def parse_http_date(value: str | None) -> datetime | None:
    """Read a date such as ``Tue, 05 May 2026 12:00:00 GMT``."""
    try:
        date = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date


def clock_offset(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Return by how much GitHub's clock is ahead of ours; None if no date is plausible.

    A proxy's cache may send an old date. A date has whole seconds, so small differences are
    ignored.
    """
    date = parse_http_date(headers.get("date"))
    if date is None:
        return None
    offset = date - now
    if abs(offset) > MAX_CLOCK_OFFSET:
        return None
    return offset if abs(offset) > CLOCK_TOLERANCE else timedelta(0)


def _nothing_remains(headers: Mapping[str, str]) -> bool:
    remaining = _number(headers.get("x-ratelimit-remaining"))
    is_used_up = remaining is not None and remaining <= 0 and not _has_no_limit(headers)
    return is_used_up and not _is_over(headers)


def _is_over(headers: Mapping[str, str]) -> bool:
    """Return whether the hour of an answer had already ended at the date of the answer."""
    reset, date = _number(headers.get("x-ratelimit-reset")), parse_http_date(headers.get("date"))
    if reset is None or date is None:
        return False
    return reset + EXPIRED_SECONDS < date.timestamp()


def _has_no_limit(headers: Mapping[str, str]) -> bool:
    limit = _number(headers.get("x-ratelimit-limit"))
    return limit is not None and limit <= 0


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
