"""Login and session."""

from __future__ import annotations

from typing import Any

import anvil.server
import anvil.users

from ..adapters.anvil_secrets import get_setting
from ..domain.quotes import unquoted
from ..domain.timestamps import format_timestamp
from . import accounts
from .arguments import require_text
from .auth import is_enabled, with_readable_errors
from .passwords import count_password_attempt
from .request_context import RequestContext
from .roles import stored_role


@anvil.server.callable
def get_session() -> dict[str, Any] | None:
    """Return the current user, and the server's time; None without a login."""
    user = anvil.users.get_user()
    return _session(user) if is_enabled(user) else None


@anvil.server.callable
@with_readable_errors
def get_login_facts() -> dict[str, Any]:
    """Return what the login page says of this installation: accounts, and whom to ask."""
    contact = unquoted(get_setting("LOGIN_CONTACT") or "") or None
    return {"has_accounts": accounts.has_accounts(), "contact": contact}


@anvil.server.callable
@with_readable_errors
def log_in(email: object, password: object) -> dict[str, Any]:
    """Log in with e-mail address and password. Raises Rejected with the reason."""
    address = accounts.require_email(email)
    text = require_text(password, "The password")
    request = RequestContext(actor=address)
    with count_password_attempt(address, now=request.now):
        user = accounts.log_in(address, text)
    request.record_activity("signed in")
    return _session(user)


def _session(user: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of the users table
    """Return e-mail address and role, and the time, by which pages correct the browser's clock."""
    now = format_timestamp(RequestContext().now)
    return {"email": user["email"], "role": stored_role(user["role"]).label, "now": now}
