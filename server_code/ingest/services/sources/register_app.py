"""The registration of a GitHub App from the dashboard: two requests of one person within an hour.

The state parameter connects them: only the browser that began has it, it belongs to the account
that was logged in, and it is used up once the App was received. Until then it is accepted again, a
few times, because GitHub may fail to exchange the code.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from ...errors import Rejected
from ...ports import CoordinationStore

#: How long a state is valid: GitHub accepts the returned code for as long.
VALID_FOR = timedelta(hours=1)

#: How often a state is accepted while its code was not exchanged.
MAX_TRIES = 5

_FOREIGN = "This page was not opened from Runstream. Create the GitHub App again."


def issue_registration_state(store: CoordinationStore, *, actor: str, now: datetime) -> str:
    """Return a new state parameter; claims in the store remember that it was issued."""
    state = f"{int(now.timestamp())}.{secrets.token_urlsafe(24)}"
    key = _key(actor, state)
    for number in range(MAX_TRIES):
        store.claim_once(f"{key} {number}", now=now)
    return state


def require_registration_state(
    store: CoordinationStore, state: str, *, actor: str, now: datetime
) -> None:
    """Accept a state parameter that is not used up.

    Raises Rejected for any that was not issued to the actor.
    """
    issued_at = state.partition(".")[0]
    is_recent = (
        issued_at.isdecimal()
        and len(issued_at) < 12
        and abs(now.timestamp() - int(issued_at)) < VALID_FOR.total_seconds()
    )
    if not is_recent:
        raise Rejected(_FOREIGN)
    key = _key(actor, state)
    # Each try makes one more claim, in addition to those made when the state was issued.
    tries = (n for n in range(MAX_TRIES) if store.claim_once(f"{key} {n} used", now=now))
    number = next(tries, None)
    if number is None:
        raise Rejected(
            "This GitHub App was received already, or tried too often. Create another one if it is "
            "lost."
        )
    # Issuing the state has made this claim: if it succeeds only now, the state was never issued.
    if store.claim_once(f"{key} {number}", now=now):
        raise Rejected(_FOREIGN)


def use_up_registration_state(
    store: CoordinationStore, state: str, *, actor: str, now: datetime
) -> None:
    """Reject a state from now on: its App was received."""
    for number in range(MAX_TRIES):
        store.claim_once(f"{_key(actor, state)} {number} used", now=now)


def _key(actor: str, state: str) -> str:
    return f"app {hashlib.sha256(f'{actor} {state}'.encode()).hexdigest()}"
