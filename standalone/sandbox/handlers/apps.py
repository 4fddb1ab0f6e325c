"""The GitHub App, its installations, and their access tokens.

https://docs.github.com/rest/apps/apps
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Any

import jwt

from ..answers import Answer, Refusal, error_answer, json_answer, not_found
from ..calls import Call
from ..identities import require_active
from ..payloads.apps import PERMISSIONS, app_payload, installation_payload
from ..payloads.users import simple_user
from ..registrations import new_app
from ..rng import seeded_sha
from ..settings import AppSpec, TokenSpec
from ..times import HOUR, MINUTE, UnixSeconds, iso
from .conditional import conditional_page

MAX_JWT_LIFETIME = 10 * MINUTE
MAX_CLOCK_SKEW = MINUTE


def convert_manifest(call: Call) -> Answer:
    """Answer POST /app-manifests/{code}/conversions; a code is valid once, for one hour."""
    pending = call.state.registrations.pop(str(call.params["code"]), None)
    if pending is None or call.now - pending.confirmed_at > HOUR:
        raise not_found()
    app, private_key = new_app(pending)
    call.state.settings = replace(call.state.settings, app=app)
    call.state.setup_url = pending.setup_url
    is_active = pending.manifest["hook_attributes"].get("active", True)
    body = {
        **app_payload(app),
        "name": pending.name,
        "owner": simple_user(pending.owner, call.base, "User"),
        "html_url": f"{call.base}/apps/{app.slug}",
        "client_secret": secrets.token_hex(20),
        "webhook_secret": secrets.token_hex(20) if is_active else None,
        "pem": private_key,
    }
    return json_answer(body, status=201)


def list_installations(call: Call) -> Answer:
    """Answer GET /app/installations."""
    app = _app(call)
    return conditional_page(
        call, app.installations, lambda item: installation_payload(app, item, call.base)
    )


def mint_token(call: Call) -> Answer:
    """Answer POST /app/installations/{installation_id}/access_tokens."""
    app = _app(call)
    installation_id = call.params["installation_id"]
    found = next((item for item in app.installations if item.id == installation_id), None)
    if found is None:
        raise not_found()
    require_active(app, installation_id)
    number = call.state.statistics.count_event("minted")
    expires_at = call.now + HOUR
    value = f"ghs_{seeded_sha('installation', app.id, installation_id, number)}"
    call.state.tokens.add(
        TokenSpec(
            value=value,
            login=f"{app.slug}[bot]",
            kind="installation",
            limit=found.limit,
            graphql_limit=found.limit,
            scopes=(),
            permissions=frozenset(PERMISSIONS),
            repositories=found.repositories,
            expires_at=expires_at,
            installation=installation_id,
        )
    )
    return json_answer(
        {
            "token": value,
            "expires_at": iso(expires_at),
            "permissions": PERMISSIONS,
            "repository_selection": "all" if found.repositories is None else "selected",
        },
        status=201,
    )


def _app(call: Call) -> AppSpec:
    app = call.state.settings.app
    if app is None or not _is_authenticated(call.authorization, app, call.now):
        message = "A JSON web token could not be decoded"
        raise Refusal(error_answer(401, message, cost=0))
    return app


def _is_authenticated(authorization: str | None, app: AppSpec, now: UnixSeconds) -> bool:
    """Return whether a header has a JSON Web Token that the app has signed and that is valid now.

    The token's times must fit the sandbox's clock or the real clock, because an app uses the real
    time, and the sandbox's may differ from it.
    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
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


def _is_current(claims: dict[str, Any], now: UnixSeconds) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return False
    return (
        issued <= now + MAX_CLOCK_SKEW and now < expires <= now + MAX_JWT_LIFETIME + MAX_CLOCK_SKEW
    )
