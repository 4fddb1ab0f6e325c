"""Quotes around values: Docker's env files keep those that a shell would remove."""

from __future__ import annotations

_QUOTES = "'\""


def unquoted(value: str) -> str:
    """Return a value, or a part of one, without blanks and quotes around it."""
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES
    return value[1:-1].strip() if is_quoted and value[0] not in value[1:-1] else value
