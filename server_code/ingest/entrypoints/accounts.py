"""Accounts: sign-up is disabled, and there may be no mail server.

https://anvil.works/docs/users: the users table and the hashing of passwords are Anvil's.
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

MIN_PASSWORD_LENGTH = 12
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@anvil.server.callable
def create_first_account(email: str) -> dict[str, Any] | None:
    """Create the first account; only callable over the Uplink. None if an account exists."""
    caller = anvil.server.context.remote_caller
    if caller is None or caller.type != "uplink":
        raise Rejected("The first account is created by the host of this app.")
    if len(app_tables.users.search()) > 0:
        return None
    return create_account(require_email(email))


def list_accounts(*, you: str) -> list[dict[str, Any]]:
    """Return all accounts, ordered by e-mail address."""
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
    """Create an account with a generated password. Raises Rejected if it exists."""
    if _find(email) is not None:
        raise Rejected(f"{email} already has an account.")
    password = secrets.token_urlsafe(12)
    me = anvil.users.get_user()
    row = anvil.users.signup_with_email(email, password)
    row["enabled"] = True
    # Anvil logs the new account in, in the session that created it.
    anvil.users.logout()
    row["last_login"] = None
    if me is not None:
        anvil.users.force_login(me)
    return {"email": email, "password": password}


def set_enabled(email: str, *, enabled: bool, you: str) -> None:
    """Enable or disable an account. Raises Rejected for one's own."""
    if email == you.lower():
        raise Rejected("You cannot disable your own account.")
    _require(email)["enabled"] = enabled


def renew_password(email: str, *, you: str) -> dict[str, Any]:
    """Make an account anew with another password; raises Rejected for one's own."""
    if email == you.lower():
        raise Rejected("Change your own password below; this is for others.")
    _require(email).delete()
    return create_account(email)


def change_own_password(old: str, new: str) -> None:
    """Change the password of the current user. Raises Rejected."""
    if len(new) < MIN_PASSWORD_LENGTH:
        raise Rejected(f"The new password needs at least {MIN_PASSWORD_LENGTH} characters.")
    try:
        anvil.users.reset_password(old, new)
    except anvil.users.AuthenticationFailed:
        # The page would take Anvil's own error for a missing login.
        raise Rejected("The current password is wrong.") from None


def require_email(value: object) -> str:
    """Return an e-mail address in lower case, as Anvil stores it. Raises Rejected."""
    address = require_text(value, "The e-mail address", most=254).lower()
    if not _EMAIL.fullmatch(address):
        raise Rejected(f"{address!r} is not an e-mail address.")
    return address


def _require(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    row = _find(email)
    if row is None:
        raise Rejected(f"The account {email} does not exist.")
    return row


def _find(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    return next(iter(app_tables.users.search(email=email)), None)
