"""Hashes of passwords: scrypt, with its parameters in the stored text.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_COST, _BLOCK_SIZE, _PARALLELISM = 2**14, 8, 5
_SALT_BYTES = 16
_PREFIX = "scrypt"


def hash_password(password: str) -> str:
    """Return what is stored of a password: ``scrypt$cost$block$parallelism$salt$hash``."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password, salt, _COST, _BLOCK_SIZE, _PARALLELISM)
    parameters = (_PREFIX, _COST, _BLOCK_SIZE, _PARALLELISM, _encode(salt), _encode(digest))
    return "$".join(map(str, parameters))


def verify_password(password: str, stored: str) -> bool:
    """Return whether a password has this hash. Raises ValueError if it is not of that form."""
    _, cost, block_size, parallelism, salt, digest = stored.split("$")
    made = _scrypt(password, base64.b64decode(salt), int(cost), int(block_size), int(parallelism))
    return hmac.compare_digest(made, base64.b64decode(digest))


def is_scrypt_hash(stored: str) -> bool:
    """Return whether a stored text was made by ``hash_password``."""
    return stored.startswith(f"{_PREFIX}$")


def _scrypt(password: str, salt: bytes, cost: int, block_size: int, parallelism: int) -> bytes:
    # A lone surrogate has no UTF-8: a text with one is a wrong password, not an error.
    raw = password.encode(errors="surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=cost, r=block_size, p=parallelism, maxmem=2**26)


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()
