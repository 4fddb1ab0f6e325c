"""Repeatable randomness: the same seed and names give the same numbers on every machine."""

from __future__ import annotations

import hashlib
import random


def seeded_random(*parts: object) -> random.Random:
    """Return a new random generator that is seeded with the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return random.Random(digest)  # noqa: S311 - must be repeatable, not secret


def seeded_sha(*parts: object) -> str:
    """Return 40 hexadecimal digits, like a commit's SHA, that depend on the parts only."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:40]


def seeded_fraction(*parts: object) -> float:
    """Return a number in [0, 1) that depends on the parts only."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
