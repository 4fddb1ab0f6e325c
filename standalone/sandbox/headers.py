"""The headers that GitHub puts on every answer."""

from __future__ import annotations

import itertools
from datetime import datetime, timezone

from .answers import Headers
from .identities import Identity
from .limits import Budget

_request_numbers = itertools.count(1)
_COMMON: Headers = (
    ("X-GitHub-Media-Type", "github.v3; format=json"),
    ("x-github-api-version-selected", "2022-11-28"),
    ("Access-Control-Allow-Origin", "*"),
    ("X-Content-Type-Options", "nosniff"),
    ("Vary", "Accept-Encoding, Accept, X-Requested-With"),
)


def common_headers() -> Headers:
    """Return the headers that every answer has, with a new request id."""
    number = next(_request_numbers)
    return (*_COMMON, ("X-GitHub-Request-Id", f"5A0D:{number:06X}:2F1B6:31E02:68F0{number:04X}"))


def identity_headers(identity: Identity) -> Headers:
    """Return the headers about the token."""
    token = identity.token
    if token is None:
        return (("Cache-Control", "public, max-age=60, s-maxage=60"),)
    headers = [("Cache-Control", "private, max-age=60, s-maxage=60")]
    if token.kind == "classic":
        headers.append(("X-OAuth-Scopes", ", ".join(token.scopes)))
    if token.expires_at is not None and token.kind != "installation":
        end = datetime.fromtimestamp(token.expires_at, tz=timezone.utc)
        moment = end.strftime("%Y-%m-%d %H:%M:%S UTC")
        headers.append(("github-authentication-token-expiration", moment))
    return tuple(headers)


def budget_headers(budget: Budget) -> Headers:
    """Return the headers about the primary limit."""
    return (
        ("X-RateLimit-Limit", str(budget.limit)),
        ("X-RateLimit-Remaining", str(budget.remaining)),
        ("X-RateLimit-Reset", str(int(budget.resets_at))),
        ("X-RateLimit-Used", str(budget.used)),
        ("X-RateLimit-Resource", budget.resource),
    )
