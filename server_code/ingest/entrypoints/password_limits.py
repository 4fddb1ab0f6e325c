"""The limit on wrong passwords; Anvil's own counter would block an account permanently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import anvil.server

from ..adapters.data_tables.login_attempts import LoginAttempts
from ..domain.login_limits import allowed_failures_by_key, describe_pause
from ..errors import Rejected


@contextmanager
def count_password_attempt(account: str, *, now: datetime) -> Iterator[None]:
    """Count a failed attempt if the ``with`` block, which checks a password, raises an error.

    Logins and changes of a password are counted together, for each account and client address.
    After too many failures, the context manager itself raises Rejected.
    """
    limits, attempts = allowed_failures_by_key(_client_address(), account), LoginAttempts()
    pause = attempts.begin(limits, account, now=now)
    if pause is not None:
        raise Rejected(describe_pause(pause, now))
    yield
    attempts.succeed(limits, account)


def _client_address() -> str | None:
    client = anvil.server.context.client
    return None if client is None else client.ip
