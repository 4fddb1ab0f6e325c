"""Callables for the host of the app: they are refused to everybody but a server Uplink."""

from __future__ import annotations

from typing import Any

import anvil.server

from ..adapters.data_tables.login_attempts import LoginAttempts
from ..errors import Rejected
from . import accounts
from .request_context import RequestContext
from .roles import Role


@anvil.server.callable
def create_first_account(email: str) -> dict[str, Any] | None:
    """Create the first account, an admin. None if an account exists."""
    _require_uplink("creates the first account")
    if accounts.has_accounts():
        return None
    address, request = accounts.require_email(email), RequestContext()
    return accounts.create_account(address, Role.ADMIN, now=request.now)


@anvil.server.callable
def reset_password_from_host(email: str) -> dict[str, Any]:
    """Enable an account and clear its failed logins; return its email and its new password."""
    _require_uplink("resets passwords without a login")
    address = accounts.require_email(email)
    renewed = accounts.renew_password(address, enable=True)
    LoginAttempts().clear(address)
    RequestContext(actor="the host").record_activity(f"reset the password of {address}")
    return renewed


def _require_uplink(action: str) -> None:
    caller = anvil.server.context.remote_caller
    if caller is None or caller.type != "uplink":
        raise Rejected(f"Only the host of this app {action}.")
