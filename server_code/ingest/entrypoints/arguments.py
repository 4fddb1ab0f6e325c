"""Validation of the arguments of callables: a browser may send anything.

``name`` is what the text of an error calls the argument.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import cast

from ..errors import Rejected

_MAX_CHARACTERS = 500
_LARGEST_ID = 2**63 - 1
_LARGEST_WHOLE_NUMBER = 2**53

#: Browsers can send these characters, and databases refuse them.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def require_text(value: object, name: str, *, max_chars: int = _MAX_CHARACTERS) -> str:
    """Return a text that is not empty. Raises Rejected."""
    text = optional_text(value, name, max_chars=max_chars)
    if text is None:
        raise Rejected(f"{name} is missing.")
    return text


def optional_text(value: object, name: str, *, max_chars: int = _MAX_CHARACTERS) -> str | None:
    """Return a text, or None if it is empty. Raises Rejected."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > max_chars:
        raise Rejected(f"{name} must be a text of at most {max_chars} characters.")
    if _UNSTORABLE.search(value):
        raise Rejected(f"{name} contains invalid characters.")
    return value.strip() or None


def require_id(value: object, name: str) -> int:
    """Return an id given as a number or as digits. Raises Rejected."""
    number = optional_id(value, name)
    if number is None:
        raise Rejected(f"{name} is missing: it is the number at the end of the page's URL.")
    return number


def optional_id(value: object, name: str) -> int | None:
    """Return an id, or None. Raises Rejected."""
    if value is None or value == "":
        return None
    number = _whole(value)
    if number is None:
        raise Rejected(f"{name} must be a number (digits only).")
    if not 0 < number <= _LARGEST_ID:
        raise Rejected(f"{name} is out of range.")
    return number


def clamp(value: object, name: str, *, minimum: int, maximum: int) -> int:
    """Return a whole number, clamped to its bounds. Raises Rejected."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    number = cast("float", value) if is_number else math.nan
    if -_LARGEST_WHOLE_NUMBER <= number <= _LARGEST_WHOLE_NUMBER:  # which NaN is not
        return min(max(int(number), minimum), maximum)
    raise Rejected(f"{name} must be a number.")


def _whole(value: object) -> int | None:
    """Return a value as a whole number, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)  # browsers send numbers as floats
    digits = value.strip() if isinstance(value, str) else ""
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= 19
    return int(digits) if is_number else None


def optional_day(value: object, name: str) -> date | None:
    """Return a day given as YYYY-MM-DD; None stays None. Raises Rejected."""
    text = optional_text(value, name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Rejected(f"{name} must be a day such as 2026-01-31.") from None
