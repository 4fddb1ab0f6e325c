"""Pauses that grow with failures in a row: https://en.wikipedia.org/wiki/Exponential_backoff."""

from __future__ import annotations

from datetime import timedelta

#: More doublings than any maximum needs, and few enough for a timedelta.
_MAX_DOUBLINGS = 20


def backoff(
    failures: int, *, maximum: timedelta, first: timedelta = timedelta(seconds=1)
) -> timedelta:
    """Return the pause after failures in a row: ``first``, then twice as long each time."""
    return min(first * 2.0 ** min(max(failures - 1, 0), _MAX_DOUBLINGS), maximum)
