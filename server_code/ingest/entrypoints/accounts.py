"""Accounts and their roles: sign-up is disabled, and there may be no mail server.

https://anvil.works/docs/users: the users table and the sessions are Anvil's, passwords are not.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import anvil.users
from anvil.tables import app_tables

from ..adapters.data_tables.passwords import save_password_hash
from ..adapters.data_tables.transactions import transact
from ..domain.passwords import hash_password
from ..domain.timestamps import format_timestamp
from ..errors import Rejected
from .arguments import require_text
from .passwords import is_password_of, move_password_hash
from .roles import Role, stored_role

MIN_PASSWORD_LENGTH = 12
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")

_WRONG = "The email or password is wrong."
_DISABLED = "This account is disabled. An admin can enable it on the Settings page."


def list_accounts(*, actor: str, role: Role) -> list[dict[str, Any]]:
    """Return all accounts, sorted by e-mail address; only admins get more than their own."""
    rows = sorted(app_tables.users.search(), key=lambda row: str(row["email"]))
    return [
        {
            "email": row["email"],
            "role": stored_role(row["role"]).label,
            "is_enabled": bool(row["enabled"]),
            "last_login": format_timestamp(row["last_login"]),
            "is_you": row["email"] == actor,
            "is_editable": role is Role.ADMIN,
        }
        for row in rows
        if role is Role.ADMIN or row["email"] == actor
    ]


def has_accounts() -> bool:
    """Return whether any account exists.

    Also moves the password hashes of release 0.1 to Runstream's own table.
    """
    rows = list(app_tables.users.search())
    for row in rows:
        move_password_hash(row)
    return bool(rows)


def log_in(email: str, password: str) -> Any:  # noqa: ANN401 - a row of the users table
    """Log the session in, and return the account's row. Raises Rejected with the reason."""
    row = _find(email)
    if not is_password_of(row, password):
        raise Rejected(_WRONG)
    if not row["enabled"]:
        raise Rejected(_DISABLED)
    anvil.users.force_login(row, remember=True)
    return row


def create_account(email: str, role: Role, *, now: datetime) -> dict[str, Any]:
    """Create an account with a generated password. Raises Rejected if it exists."""
    password = secrets.token_urlsafe(12)
    digest = hash_password(password)

    def create() -> None:
        if _find(email) is not None:
            raise Rejected(f"{email} already has an account.")
        app_tables.users.add_row(email=email, enabled=True, role=role.label, signed_up=now)
        save_password_hash(email, digest)

    transact(create)
    return {"email": email, "password": password}


def set_enabled(email: str, *, enabled: bool, actor: str) -> None:
    """Enable or disable an account. Raises Rejected for one's own and for the last admin."""
    if email == actor.lower():
        raise Rejected("You cannot disable your own account.")
    _change(email, lambda row: row.update(enabled=enabled))


def set_role(email: str, role: Role) -> None:
    """Set the role of an account. Raises Rejected if no admin would be left."""
    _change(email, lambda row: row.update(role=role.label))


def renew_password(email: str, *, enable: bool = False) -> dict[str, Any]:
    """Replace an account's password by a generated one, end its sessions, and maybe enable it."""
    password = secrets.token_urlsafe(12)
    _replace(email, password, enable=enable)
    return {"email": email, "password": password}


def change_own_password(email: str, old: str, new: str) -> None:
    """Change the password of the current user, and end the other sessions. Raises Rejected."""
    if not is_password_of(_require(email), old):
        raise Rejected("The current password is wrong.")
    anvil.users.force_login(_replace(email, new), remember=True)


def _replace(email: str, password: str, *, enable: bool = False) -> Any:  # noqa: ANN401
    """Replace the row of an account by one with another password, and return the new row.

    Anvil ends the sessions of an account only when its row is deleted. Both rows change in one
    transaction.
    """
    digest = hash_password(password)

    def replace() -> Any:  # noqa: ANN401 - a row of the users table
        old = _require(email)
        kept = {name: old[name] for name in ("email", "role", "signed_up", "last_login")}
        is_enabled = enable or bool(old["enabled"])
        created = app_tables.users.add_row(enabled=is_enabled, **kept)
        save_password_hash(email, digest)
        old.delete()
        return created

    return transact(replace)


def require_new_password(value: object) -> str:
    """Return a password that is long enough. Raises Rejected."""
    password = require_text(value, "The new password")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise Rejected(f"The new password needs at least {MIN_PASSWORD_LENGTH} characters.")
    return password


def require_email(value: object) -> str:
    """Return an e-mail address in lower case, as Anvil stores it. Raises Rejected."""
    address = require_text(value, "The e-mail address", max_chars=254).lower()
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


def _require(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    row = _find(email)
    if row is None:
        raise Rejected(f"The account {email} does not exist.")
    return row


def _find(email: str) -> Any:  # noqa: ANN401 - a row of the users table
    return next(iter(app_tables.users.search(email=email)), None)
