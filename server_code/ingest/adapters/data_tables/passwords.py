"""Hashes of passwords, in a table that none of Anvil's own functions writes."""

from __future__ import annotations

from .table import Table

_PASSWORDS = Table("passwords")


def load_password_hash(account: str) -> str | None:
    """Return the hash of an account's password, by its e-mail address; None where there is none."""
    row = _PASSWORDS.first(columns=("key", "digest"), where={"key": account})
    return None if row is None else str(row["digest"])


def save_password_hash(account: str, digest: str) -> None:
    """Save the hash of an account's password; to be called in a transaction."""
    _PASSWORDS.upsert([{"key": account, "digest": digest}])
