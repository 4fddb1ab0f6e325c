"""The registration of a GitHub App from the dashboard: two requests of one person, an hour apart.

The state parameter ties them: it is known only to the browser that began, it belongs to the
account that was logged in, and is accepted once.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from ...errors import Rejected
from ...ports import AgentStore

#: GitHub accepts the code for as long.
VALID_FOR = timedelta(hours=1)

_FOREIGN = "This page was not opened from Runstream. Create the GitHub App again."


def issue_state(store: AgentStore, *, actor: str, now: datetime) -> str:
    """Return a new state parameter, and remember that it was issued."""
    state = f"{int(now.timestamp())}.{secrets.token_urlsafe(24)}"
    store.claim_once(_issued(actor, state), now=now)
    return state


def require_state(store: AgentStore, state: str, *, actor: str, now: datetime) -> None:
    """Accept a state parameter once. Raises Rejected for any that was not issued to the actor."""
    issued_at = state.partition(".")[0]
    is_recent = (
        issued_at.isdecimal()
        and len(issued_at) < 12
        and abs(now.timestamp() - int(issued_at)) < VALID_FOR.total_seconds()
    )
    key = _issued(actor, state)
    if not is_recent:
        raise Rejected(_FOREIGN)
    # Every value is tried once, so that a refused one does not count as issued the next time.
    if not store.claim_once(f"{key} used", now=now):
        raise Rejected("This GitHub App was received already. Create another one if it is lost.")
    # A claim that succeeds now shows that this state was never issued.
    if store.claim_once(key, now=now):
        raise Rejected(_FOREIGN)


def _issued(actor: str, state: str) -> str:
    return f"app {hashlib.sha256(f'{actor} {state}'.encode()).hexdigest()}"
