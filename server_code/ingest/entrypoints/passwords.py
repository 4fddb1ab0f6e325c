"""Passwords of accounts, which Runstream checks itself.

Anvil's own login by e-mail is off in ``anvil.yaml``. Browsers could call the functions of that
login directly: they would guess passwords, have mail sent where no mail server is set up, or
replace the column ``password_hash`` with a token that Anvil gives to anybody. So the hash is in a
table of our own. Anvil's own counter of wrong passwords would block an account permanently.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import anvil.server

from ..adapters.data_tables.login_attempts import LoginAttempts
from ..adapters.data_tables.passwords import load_password_hash, save_password_hash
from ..adapters.data_tables.transactions import transact
from ..domain.login_limits import allowed_failures_by_key, describe_pause
from ..domain.passwords import hash_password, is_scrypt_hash, verify_password
from ..errors import Rejected

#: Compared where there is no account, so that the answer takes as long as for a wrong password.
_DUMMY_HASH = (
    "scrypt$16384$8$5$AAAAAAAAAAAAAAAAAAAAAA==$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
)


def is_password_of(row: Any, password: str) -> bool:  # noqa: ANN401 - a row of the users table
    """Return whether a password is that of an account; False without an account.

    A hash of release 0.1, which Anvil made, is replaced.
    """
    if row is None:
        return verify_password(password, _DUMMY_HASH)
    stored = load_password_hash(row["email"]) or row["password_hash"] or _DUMMY_HASH
    if is_scrypt_hash(stored):
        return verify_password(password, stored)
    if not hmac.compare_digest(_bcrypt(password, stored), _comparable(stored)):
        return False
    transact(partial(_store_hash, row, hash_password(password)))
    return True


@contextmanager
def count_password_attempt(account: str, *, now: datetime) -> Iterator[None]:
    """Count a failed attempt if the ``with`` block, which checks a password, raises an error.

    Logins and changes of a password are counted together, for each account and client address.
    After too many failures, the context manager itself raises Rejected.
    """
    client, attempts = anvil.server.context.client, LoginAttempts()
    limits = allowed_failures_by_key(None if client is None else client.ip, account)
    pause = attempts.begin(limits, account, now=now)
    if pause is not None:
        raise Rejected(describe_pause(pause, now))
    yield
    attempts.succeed(limits, account)


def move_password_hash(row: Any) -> None:  # noqa: ANN401 - a row of the users table
    """Move a hash of release 0.1 to the table that Anvil's own functions do not write."""
    if row["password_hash"]:
        transact(
            partial(_store_hash, row, load_password_hash(row["email"]) or row["password_hash"])
        )


def _store_hash(row: Any, stored: str) -> None:  # noqa: ANN401 - a row of the users table
    save_password_hash(row["email"], stored)
    row["password_hash"] = None


def _bcrypt(password: str, stored: str) -> str:
    """Hash a password on Anvil's server, with bcrypt and the salt of a stored hash."""
    made: str = anvil.server.call("anvil.private.bcrypt.hashpw", password, _comparable(stored))
    return made


def _comparable(stored: str) -> str:
    """Return a bcrypt hash with the prefix $2a$, the only one that Anvil's server reads."""
    return stored.replace("$2b$", "$2a$", 1).replace("$2y$", "$2a$", 1)
