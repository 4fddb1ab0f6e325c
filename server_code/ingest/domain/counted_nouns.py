"""Counts with their nouns, in sentences for people."""

from __future__ import annotations

from collections.abc import Sequence


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: 1 log, 2,000 logs."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def join_first(names: Sequence[str], shown: int) -> str:
    """Join the first names with commas, and count the others: a, b and 3 more."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more > 0 else "")
