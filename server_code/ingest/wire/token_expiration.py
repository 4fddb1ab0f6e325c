"""When a token expires, by the header that GitHub sends with each answer.

https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache

EXPIRATION_HEADER = "github-authentication-token-expiration"

#: As GitHub writes it: ``2026-12-24 08:00:00 UTC``, or with an offset such as ``+0200``.
_FORMATS = ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z")


def parse_token_expiration(headers: Mapping[str, str]) -> datetime | None:
    """Return when the token of an answer expires; None where GitHub names no time."""
    return _parse(headers.get(EXPIRATION_HEADER, "").strip())


@lru_cache  # each answer for a token has the same time
def _parse(value: str) -> datetime | None:
    for form in _FORMATS:
        try:
            found = datetime.strptime(value, form)  # noqa: DTZ007 - one form names UTC
        except ValueError:
            continue
        return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else found
    return None
