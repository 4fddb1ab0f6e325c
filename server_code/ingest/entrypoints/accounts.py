"""Accounts and their roles: sign-up is disabled, and there may be no mail server.

https://anvil.works/docs/users: the users table and the hashing of passwords are Anvil's.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import anvil.users
from anvil.tables import app_tables

from ..adapters.data_tables.transactions import transact
from ..domain.timestamps import format_timestamp
from ..errors import Rejected
from .arguments import require_text
from .roles import Role, stored_role

MIN_PASSWORD_LENGTH = 12
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")

#: The domain of accounts that exist only while a password is reset.
_TEMPORARY = "@password-reset.invalid"


def list_accounts(*, you: str, role: Role) -> list[dict[str, Any]]:
    """Return all accounts by e-mail address; those who are no admins get their own only."""
    rows = sorted(app_tables.users.search(), key=lambda row: str(row["email"]))
    return [
        {
            "email": row["email"],
            "role": stored_role(row["role"]).label,
            "is_enabled": bool(row["enabled"]),
            "last_login": format_timestamp(row["last_login"]),
            "is_you": row["email"] == you,
            "is_editable": role is Role.ADMIN,
        }
        for row in rows
        if not str(row["email"]).endswith(_TEMPORARY)
        and (role is Role.ADMIN or row["email"] == you)
    ]


def has_accounts() -> bool:
    """Return whether any account exists."""
    return len(app_tables.users.search()) > 0


def create_account(email: str, role: Role) -> dict[str, Any]:
    """Create an account with a generated password. Raises Rejected if it exists."""
    if _find(email) is not None:
        raise Rejected(f"{email} already has an account.")
    password = secrets.token_urlsafe(12)
    _sign_up(email, password, role=role, is_enabled=True)
    return {"email": email, "password": password}


def set_enabled(email: str, *, enabled: bool, you: str) -> None:
    """Enable or disable an account. Raises Rejected for one's own and for the last admin."""
    if email == you.lower():
        raise Rejected("You cannot disable your own account.")
    _change(email, lambda row: row.update(enabled=enabled))


def set_role(email: str, role: Role) -> None:
    """Set the role of an account. Raises Rejected if no admin would be left."""
    _change(email, lambda row: row.update(role=role.label))


def renew_password(email: str, *, enable: bool = False) -> dict[str, Any]:
    """Replace an account's password by a generated one, end its sessions, and maybe enable it.

    The account is replaced by a new one, because Anvil ends the sessions of a deleted row only.
    The new one exists before the old one is deleted, in one transaction with its renaming.
    """
    role = stored_role(_require(email)["role"])
    password = secrets.token_urlsafe(12)
    _delete_temporary_accounts()
    created = _sign_up(
        f"{secrets.token_hex(12)}{_TEMPORARY}", password, role=role, is_enabled=False
    )

    def replace() -> None:
        old = _require(email)
        is_enabled = enable or bool(old["enabled"])
        kept = {name: old[name] for name in ("role", "signed_up", "last_login")}
        old.delete()
        created.update(email=email, enabled=is_enabled, **kept)

    transact(replace)
    return {"email": email, "password": password}


def clear_password_failures(email: str) -> None:
    """Reset Anvil's counter of wrong passwords, which never expires by itself."""
    row = _find(email)
    if row is not None and row["n_password_failures"]:
        row["n_password_failures"] = 0


def change_own_password(old: str, new: str) -> None:
    """Change the password of the current user. Raises Rejected."""
    try:
        anvil.users.reset_password(old, new)
    except anvil.users.AuthenticationFailed:
        # The page would take Anvil's own error for a missing login.
        raise Rejected("The current password is wrong.") from None


def require_new_password(value: object) -> str:
    """Return a password that is long enough. Raises Rejected."""
    password = require_text(value, "The new password")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise Rejected(f"The new password needs at least {MIN_PASSWORD_LENGTH} characters.")
    return password


def require_email(value: object) -> str:
    """Return an e-mail address in lower case, as Anvil stores it. Raises Rejected."""
    address = require_text(value, "The e-mail address", maximum=254).lower()
    if not _EMAIL.fullmatch(address):
        raise Rejected(f"{address!r} is not an e-mail address.")
    return address


def _change(email: str, change: Callable[[Any], None]) -> None:
    """Change an account, unless no enabled admin would be left. Raises Rejected."""

    def save() -> None:
        change(_require(email))
        if not any(
            row["enabled"] and stored_role(row["role"]) is Role.ADMIN
            for row in app_tables.users.search()
        ):
            raise Rejected("The last admin cannot be disabled or get another role.")

    transact(save)


def _sign_up(email: str, password: str, *, role: Role, is_enabled: bool) -> Any:  # noqa: ANN401
    """Create an account, and stay logged in as before."""
    me = anvil.users.get_user()
    row = anvil.users.signup_with_email(email, password)
    row.update(enabled=is_enabled, role=role.label)
    # Anvil logs the new account in, in the session that created it.
    anvil.users.logout()
    row["last_login"] = None
    if me is not None:
        anvil.users.force_login(me)
    return row


def _delete_temporary_accounts() -> None:
    """Delete accounts that an interrupted reset has left."""
    for row in app_tables.users.search():
        if str(row["email"]).endswith(_TEMPORARY):
            row.delete()


def _require(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    row = _find(email)
    if row is None:
        raise Rejected(f"The account {email} does not exist.")
    return row


def _find(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    return next(iter(app_tables.users.search(email=email)), None)
