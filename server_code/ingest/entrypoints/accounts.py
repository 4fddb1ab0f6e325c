"""Accounts: made by whoever has one, for sign-up is closed and there may be no mail server.

https://anvil.works/docs/users: the users table is Anvil's own; passwords are hashed by it.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

import anvil.server
import anvil.users
from anvil.tables import app_tables

from ..domain.timestamps import format_timestamp
from ..errors import Rejected
from .arguments import require_text

LEAST_PASSWORD = 12
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@anvil.server.callable
def create_first_account(email: str) -> dict[str, Any] | None:
    """Make the first account, asked by the host's own process over the Uplink and by nobody else.

    None where there is an account already.
    """
    caller = anvil.server.context.remote_caller
    if caller is None or caller.type != "uplink":
        raise Rejected("Only the host of this app makes its first account.")
    if len(app_tables.users.search()) > 0:
        return None
    return create_account(require_email(email))


def list_accounts(*, you: str) -> list[dict[str, Any]]:
    """List who may log in, by address."""
    rows = sorted(app_tables.users.search(), key=lambda row: str(row["email"]))
    return [
        {
            "email": row["email"],
            "is_enabled": bool(row["enabled"]),
            "last_login": format_timestamp(row["last_login"]),
            "is_you": row["email"] == you,
        }
        for row in rows
    ]


def create_account(email: str) -> dict[str, Any]:
    """Make an account with a password that is shown once. Raises Rejected where there is one."""
    if _find(email) is not None:
        raise Rejected(f"{email} has an account already.")
    password = secrets.token_urlsafe(12)
    me = anvil.users.get_user()
    row = anvil.users.signup_with_email(email, password)
    row["enabled"] = True
    # Anvil logs a new account in where it was made: that session is somebody else's.
    anvil.users.logout()
    row["last_login"] = None
    if me is not None:
        anvil.users.force_login(me)
    return {"email": email, "password": password}


def set_enabled(email: str, *, enabled: bool, you: str) -> None:
    """Let an account in, or no more. Raises Rejected for one's own."""
    if email == you.lower():
        raise Rejected("Your own account cannot be disabled by yourself.")
    _require(email)["enabled"] = enabled


def renew_password(email: str, *, you: str) -> dict[str, Any]:
    """Make an account anew with another password; raises Rejected for one's own."""
    if email == you.lower():
        raise Rejected("Change your own password below; this is for others.")
    _require(email).delete()
    return create_account(email)


def change_own_password(old: str, new: str) -> None:
    """Change the password of who is logged in. Raises Rejected."""
    if len(new) < LEAST_PASSWORD:
        raise Rejected(f"A password needs {LEAST_PASSWORD} characters at least.")
    try:
        anvil.users.reset_password(old, new)
    except anvil.users.AuthenticationFailed:
        # Let through, it would mean to the page that nobody is logged in.
        raise Rejected("The old password is wrong.") from None


def require_email(value: object) -> str:
    """Take an e-mail address, in lower case as Anvil keeps it. Raises Rejected."""
    address = require_text(value, "The e-mail address", most=254).lower()
    if not _EMAIL.fullmatch(address):
        raise Rejected(f"{address!r} is no e-mail address.")
    return address


def _require(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    row = _find(email)
    if row is None:
        raise Rejected(f"There is no account {email}.")
    return row


def _find(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    return next(iter(app_tables.users.search(email=email)), None)
