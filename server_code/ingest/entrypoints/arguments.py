"""What callables accept: anybody with an account may send anything."""

from __future__ import annotations

from ..errors import Rejected

_MOST_CHARACTERS = 500
_LARGEST_ID = 2**63 - 1


def require_text(value: object, name: str, *, most: int = _MOST_CHARACTERS) -> str:
    """Take a text that is not empty. Raises Rejected."""
    text = optional_text(value, name, most=most)
    if text is None:
        raise Rejected(f"{name} is missing.")
    return text


def optional_text(value: object, name: str, *, most: int = _MOST_CHARACTERS) -> str | None:
    """Take a text; None for nothing or blanks. Raises Rejected."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise Rejected(f"{name} must be a text of at most {most} characters.")
    return value.strip() or None


def require_id(value: object, name: str) -> int:
    """Take an id as a number or as its digits. Raises Rejected."""
    number = optional_id(value, name)
    if number is None:
        raise Rejected(f"{name} is missing: it is the number at the end of the page's address.")
    return number


def optional_id(value: object, name: str) -> int | None:
    """Take an id, or None. Raises Rejected."""
    if value is None or value == "":
        return None
    digits = str(value).strip() if isinstance(value, (int, str)) else ""
    if isinstance(value, float) and value.is_integer():
        digits = str(int(value))  # a browser knows no other numbers
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 19:
        raise Rejected(f"{name} must be a number of digits only.")
    number = int(digits)
    if not 0 < number <= _LARGEST_ID:
        raise Rejected(f"{name} is out of range.")
    return number


def bounded(value: object, name: str, *, least: int, most: int) -> int:
    """Take a whole number, moved into its bounds. Raises Rejected."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or value != value or abs(float(str(value))) > 2**53:  # noqa: PLR0124 - NaN
        raise Rejected(f"{name} must be a number.")
    return min(max(int(float(str(value))), least), most)
