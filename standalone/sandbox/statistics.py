"""Count what was asked of the sandbox, what it charged, and what should not have been asked."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any

KEPT_DETAILS = 50
NOT_SENT = 0
"""The status that an answer is counted with when a fault closed the connection instead."""
_SUMMED = ("requests", "charged", "free")


class Statistics:
    """Counts per endpoint; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}
        self._statuses: dict[str, Counter[str]] = {}
        self._totals: Counter[str] = Counter()
        self._details: deque[str] = deque(maxlen=KEPT_DETAILS)
        self._minted = 0

    def count_request(self, endpoint: str, status: int, charged: int = 0) -> None:
        """Count one request with what it cost."""
        with self._lock:
            counts = self._counts.setdefault(endpoint, Counter())
            counts["requests"] += 1
            counts["charged"] += charged
            counts["free"] += status == 304
            self._statuses.setdefault(endpoint, Counter())[str(status)] += 1

    def count(self, name: str, detail: str | None = None) -> None:
        """Count something else: violations, leaked tokens, webhooks, faults, minted tokens."""
        with self._lock:
            self._totals[name] += 1
            if detail is not None:
                self._details.append(f"{name}: {detail}")

    def count_minted(self) -> int:
        """Count a token that the app was given, and return its number."""
        with self._lock:
            self._totals["minted"] += 1
            self._minted += 1
            return self._minted

    def reset(self) -> None:
        """Reset all counts."""
        with self._lock:
            self._counts.clear()
            self._statuses.clear()
            self._totals.clear()
            self._details.clear()

    def snapshot(self) -> dict[str, Any]:
        """Return all counts: those of each endpoint, sums, and the last `details` of violations."""
        with self._lock:
            endpoints = {
                endpoint: {
                    **{name: counts[name] for name in _SUMMED},
                    "statuses": dict(self._statuses[endpoint]),
                }
                for endpoint, counts in sorted(self._counts.items())
            }
            return {
                "endpoints": endpoints,
                **{name: sum(counts[name] for counts in self._counts.values()) for name in _SUMMED},
                **{name: self._totals[name] for name in ("violations", "leaked_tokens", "minted")},
                "webhooks": self._group("webhooks"),
                "faults": self._group("faults"),
                "details": list(self._details),
            }

    def _group(self, prefix: str) -> dict[str, int]:
        start = f"{prefix}."
        return {
            name.removeprefix(start): count
            for name, count in sorted(self._totals.items())
            if name.startswith(start)
        }
