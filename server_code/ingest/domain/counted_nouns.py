"""Counts with their nouns, in sentences for people."""

from __future__ import annotations


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: 1 log, 2,000 logs."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
