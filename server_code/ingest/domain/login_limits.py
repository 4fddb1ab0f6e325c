"""How long logins are refused after wrong passwords.

Failures are counted for each client address (of IPv6, its /64 network), and for each account there.
So nobody can lock the owner of an account out from another address.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .backoff import backoff
from .counted_nouns import plural
from .due import is_in_future, is_still_ahead

#: Failures without a pause: people mistype passwords, and all people of an office share one
#: address.
ALLOWED_FAILURES_OF_ACCOUNT = 5
ALLOWED_FAILURES_OF_ADDRESS = 20

FIRST_PAUSE = timedelta(seconds=30)
MAX_PAUSE = timedelta(minutes=15)

#: Failures are deleted after a day without another one.
FAILURES_EXPIRE_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LoginPause:
    """A pause of an account at a network, or of the whole network (no account)."""

    until: datetime
    account: str


def pause_after(failures: int, allowed_failures: int) -> timedelta:
    """Return the pause after a number of failures: none at first, then doubling up to MAX_PAUSE."""
    if failures <= allowed_failures:
        return timedelta(0)
    return backoff(failures - allowed_failures, first=FIRST_PAUSE, maximum=MAX_PAUSE)


def is_paused(until: datetime, failed_at: datetime, now: datetime) -> bool:
    """Return whether a stored pause lasts; not if it was set by a clock that was ahead.

    An ``until`` that equals ``failed_at`` stands for no pause, even if it is later than ``now``:
    logins at once are counted in any order.
    """
    return until > failed_at and is_still_ahead(until, now, max_plausible=2 * MAX_PAUSE)


def describe_pause(pause: LoginPause, now: datetime) -> str:
    """Return what is paused, for how many minutes, rounded up, and the end to the second."""
    minutes = max(1, math.ceil((pause.until - now) / timedelta(minutes=1)))
    span = plural(minutes, "minute")
    what = "Logging in and changing passwords from your network"
    if pause.account:
        what = f"Logging in as {pause.account} and changing its password from your network"
    end = f"{pause.until:%H:%M:%S} UTC"
    return f"Too many wrong passwords. {what} is paused for {span}, until {end}."


def are_recent(failed_at: datetime, now: datetime) -> bool:
    """Return whether failures whose last was at ``failed_at`` still count."""
    return failed_at > now - FAILURES_EXPIRE_AFTER and not is_in_future(failed_at, now)


def allowed_failures_by_key(address: str | None, account: str) -> Mapping[str, int]:
    """Return the keys under which a login is counted, each with its allowed failures."""
    network = _network(address)
    return {
        network: ALLOWED_FAILURES_OF_ADDRESS,
        f"{network} {account}": ALLOWED_FAILURES_OF_ACCOUNT,
    }


def _network(address: str | None) -> str:
    """Return an IPv4 address, or the /64 network of an IPv6 address: a client can use all of it."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
