"""Reading single fields of GitHub's JSON: present, of the right kind, or None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import MalformedPayload

#: No id of GitHub's comes near it, and no database holds more.
_TOO_LARGE = 2**63
_MOST_DIGITS = 19


def mapping(value: object) -> Mapping[str, Any]:
    """Take an object as it is; anything else reads as an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """Take the objects of a list; anything else reads as an empty one."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Take a non-empty string; GitHub writes ``""`` where it knows nothing."""
    return value if isinstance(value, str) and value else None


def integer(value: object) -> int | None:
    """Take a whole number of at most 64 bits, also one written as a string of digits."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= _MOST_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _TOO_LARGE else None


def required_integer(source: Mapping[str, Any], name: str, kind: str) -> int:
    """Take an integer without which the object has no identity; raises MalformedPayload."""
    number = integer(source.get(name))
    if not number:
        raise MalformedPayload(f"GitHub sent a {kind} without a usable {name!r}.")
    return number


def word(value: object) -> str | None:
    """Take a status or conclusion; some sources write them in capitals."""
    found = text(value)
    return None if found is None else found.lower()
