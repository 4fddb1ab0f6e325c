"""Chance that repeats: the same seed and names give the same numbers on every machine."""

from __future__ import annotations

import hashlib
import random


def seeded_random(*parts: object) -> random.Random:
    """Return a generator of its own for what the parts name."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return random.Random(digest)  # noqa: S311 - chance here is seeded, not secret


def seeded_sha(*parts: object) -> str:
    """Return 40 hexadecimal digits, as a commit's, for what the parts name."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:40]


def seeded_fraction(*parts: object) -> float:
    """Return a number in [0, 1) for what the parts name."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
