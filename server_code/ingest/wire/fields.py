"""Single fields of GitHub's JSON: present and of the right kind, or None."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import MalformedPayload

#: No id of GitHub is nearly as large, and databases store no larger number.
_TOO_LARGE = 2**63
_MAX_DIGITS = 19


def load_json(text: str | bytes) -> object:
    """Parse a JSON text; a number that is too large for any field becomes None.

    Raises ValueError or RecursionError.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python converts no integer of more than 4,300 digits.
        return json.loads(text, parse_int=integer)


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, and an empty list for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """Return a non-empty string; GitHub writes ``""`` for an unknown one."""
    return value if isinstance(value, str) and value else None


def boolean(value: object) -> bool | None:
    """Return a boolean, and None for anything else."""
    return value if isinstance(value, bool) else None


def label_names(value: object) -> tuple[str, ...] | None:
    """Return the names of a list of labels; None where there is no list."""
    if not isinstance(value, list):
        return None
    return tuple(name for item in objects(value) if (name := text(item.get("name"))) is not None)


def integer(value: object) -> int | None:
    """Return a whole number of at most 64 bits; it may be written as a string of digits."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _TOO_LARGE else None


def required_integer(source: Mapping[str, Any], name: str, kind: str) -> int:
    """Return an integer without which the object has no identity. Raises MalformedPayload."""
    number = integer(source.get(name))
    if not number:
        raise MalformedPayload(f"GitHub sent a {kind} without a usable {name!r}.")
    return number


def lower_text(value: object) -> str | None:
    """Return a status or conclusion in lower case; some sources write capitals."""
    found = text(value)
    return None if found is None else found.lower()
