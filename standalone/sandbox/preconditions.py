"""Weak ETags: each is for one body, one token and one `Accept` header.

https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

import hashlib


def etag_of(digest: str, token: str, accept: str) -> str:
    """Return the ETag of a body for one token and one `Accept`."""
    mixed = hashlib.sha256(f"{digest}\n{token}\n{accept}".encode()).hexdigest()
    return f'W/"{mixed}"'


def matches(condition: str, etag: str) -> bool:
    """Return whether an `If-None-Match` names the ETag, compared weakly."""
    if not condition:
        return False
    wanted = etag.removeprefix("W/")
    return any(item.strip().removeprefix("W/") == wanted for item in condition.split(","))
