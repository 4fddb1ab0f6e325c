"""Reading single fields of GitHub's JSON: present, of the right kind, or None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import MalformedPayload


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
    """Take an integer, also one written as a string of digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def required_integer(source: Mapping[str, Any], name: str, kind: str) -> int:
    """Take an integer without which the object has no identity; raises MalformedPayload."""
    number = integer(source.get(name))
    if number is None:
        raise MalformedPayload(f"GitHub sent a {kind} without a usable {name!r}.")
    return number


def word(value: object) -> str | None:
    """Take a status or conclusion; some sources write them in capitals."""
    found = text(value)
    return None if found is None else found.lower()
