"""Check the JSON Web Token with which an app authenticates.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

import time
from typing import Any

import jwt

from .settings import AppSpec
from .times import MINUTE, Timestamp

MAX_TOKEN_LIFETIME = 10 * MINUTE
MAX_CLOCK_SKEW = MINUTE


def is_authenticated(authorization: str | None, app: AppSpec, now: Timestamp) -> bool:
    """Return whether a header has a token that the app has signed and that is valid now.

    The token's times must fit the sandbox's clock or the real clock, because an app uses the real
    time, and the sandbox's may differ from it.
    """
    if not authorization:
        return False
    token = authorization.strip().partition(" ")[2]
    try:
        claims = jwt.decode(
            token,
            app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "verify_iss": False},
        )
    except jwt.PyJWTError:
        return False
    if str(claims.get("iss")) not in {str(app.id), f"Iv1.{app.id:016x}"}:
        return False
    return any(_is_current(claims, timestamp) for timestamp in (now, time.time()))


def _is_current(claims: dict[str, Any], now: Timestamp) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return False
    return (
        issued <= now + MAX_CLOCK_SKEW
        and now < expires <= now + MAX_TOKEN_LIFETIME + MAX_CLOCK_SKEW
    )
