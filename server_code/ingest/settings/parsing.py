"""Parsers of single settings: text in, a typed value out.

Each raises ValueError whose text completes "NAME …"; it never repeats a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from ..domain.quotes import unquoted
from .secret import Secret

Parse = Callable[[str], object]

#: What a bearer token consists of. https://www.rfc-editor.org/rfc/rfc6750#section-2.1
_TOKEN = re.compile(r"[A-Za-z0-9._~+/:=-]+")

_S3_PREFIX = re.compile(r"^(s3://|arn:aws[a-z-]*:s3:::)")

#: What separates names; there may be a blank after the ``!`` of an exclusion.
_SEPARATORS = re.compile(r",|(?<!!)\s+")

#: The user name and password of a database URL.
_USER_PART = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://(?P<user>.*)@")


def parse_tokens(value: str) -> tuple[Secret, ...]:
    """Return the tokens of a comma-separated list, each once, in order."""
    parts = [part for part in map(unquoted, value.split(",")) if part]
    if not all(map(_TOKEN.fullmatch, parts)):
        raise ValueError("holds characters that no token has")
    return tuple(map(Secret, dict.fromkeys(parts)))


def parse_key(value: str) -> Secret:
    """Return a key of AWS; errors of HTTP would show one that no header can hold."""
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ValueError("holds characters that no key of AWS has")
    return Secret(value)


def parse_bucket(value: str) -> str:
    """Return the name of a bucket given by name, ``s3://`` URL or ARN; another URL is unchanged.

    A URL with a query is that of a shared access signature, which messages would show.
    """
    if "?" in value:
        raise ValueError(
            "has a query: set it to the URL alone, and AZURE_STORAGE_CONNECTION_STRING to a "
            "connection string with the shared access signature"
        )
    return _S3_PREFIX.sub("", value).rstrip("/")


def parse_names(value: str) -> tuple[str, ...]:
    """Return the parts of a list that commas, blanks or lines separate, each once, in order."""
    parts = map(unquoted, _SEPARATORS.split(value))
    return tuple(dict.fromkeys(part for part in parts if part))


def parse_id(value: str) -> int:
    """Return an id of GitHub, which has digits only."""
    if not (value.isascii() and value.isdecimal() and len(value) < 20):
        raise ValueError(f"is {value!r}: expected digits only")
    return int(value)


def number_between(minimum: float, maximum: float) -> Callable[[str], float]:
    """Return a parser of numbers within both bounds."""

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            raise ValueError(f"is {value!r}: expected a number from {minimum} to {maximum}")
        return number

    return parse


def whole_number_between(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a parser of numbers within both bounds, rounded down."""
    parse = number_between(minimum, maximum)
    return lambda value: int(parse(value))


def one_of(*choices: str) -> Parse:
    """Return a parser that accepts the choices alone."""

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"is {value!r}: expected {' or '.join(choices)}")
        return value

    return parse


def parse_switch(value: str) -> bool:
    """Return whether a switch is on. Raises ValueError."""
    values = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    if value.lower() not in values:
        raise ValueError("must be on or off")
    return values[value.lower()]


def url_of(*schemes: str) -> Parse:
    """Return a parser of URLs with a host; a slash at the end is dropped."""

    def parse(value: str) -> str:
        if not _is_url(value, schemes):
            raise ValueError(f"is not a URL that begins with {schemes[0]}:// or {schemes[-1]}://")
        return value.rstrip("/")

    return parse


def parse_database_url(value: str) -> str:
    """Return the URL of a database; the adapter checks the rest.

    A reserved character in a password would end it: its rest would be read as the host.
    """
    user = _USER_PART.match(value)
    if user and any(mark in user["user"] for mark in "@/?#[] "):
        raise ValueError(
            "has a user name or password with reserved characters: percent-encode them "
            "(@ as %40, # as %23, / as %2F, : as %3A)"
        )
    return value


def _is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        is_addressed = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_addressed and not any(map(str.isspace, value))
