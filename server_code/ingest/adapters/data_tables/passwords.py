"""Hashes of passwords, in a table that none of Anvil's own functions writes."""

from __future__ import annotations

from .rows import Rows

_PASSWORDS = Rows("passwords")
_COLUMNS = ("key", "digest")


class Passwords:
    """The hash of the password of each account, by its e-mail address."""

    def load(self, account: str) -> str | None:
        """Return the hash of an account's password; None where there is none."""
        row = _PASSWORDS.first(columns=_COLUMNS, where={"key": account})
        return None if row is None else str(row["digest"])

    def save(self, account: str, digest: str) -> None:
        """Save the hash of an account's password; to be called in a transaction."""
        _PASSWORDS.upsert([{"key": account, "digest": digest}])
