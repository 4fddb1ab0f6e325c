"""Count what was asked of the sandbox, what it charged, and what should not have been asked."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any

KEPT_DETAILS = 50
NOT_SENT = 0
"""The status that an answer is counted with when a fault closed the connection instead."""


class Statistics:
    """Counts per endpoint; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[str, Counter[str]] = {}
        self._charged: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()
        self._details: deque[str] = deque(maxlen=KEPT_DETAILS)

    def count_request(self, endpoint: str, status: int, charged: int = 0) -> None:
        """Count one request with what it cost."""
        with self._lock:
            self._statuses.setdefault(endpoint, Counter())[str(status)] += 1
            self._charged[endpoint] += charged

    def count(self, name: str, detail: str | None = None) -> int:
        """Count something else (violations, leaked tokens, webhooks, faults, minted tokens)."""
        with self._lock:
            if detail is not None:
                self._details.append(f"{name}: {detail}")
            self._totals[name] += 1
            return self._totals[name]

    def reset(self) -> None:
        """Reset all counts."""
        with self._lock:
            for counts in (self._statuses, self._charged, self._totals, self._details):
                counts.clear()

    def snapshot(self) -> dict[str, Any]:
        """Return all counts: those of each endpoint, sums, and the last `details` of violations."""
        with self._lock:
            endpoints: dict[str, dict[str, Any]] = {
                endpoint: {
                    "requests": sum(statuses.values()),
                    "charged": self._charged[endpoint],
                    "free": statuses["304"],
                    "statuses": dict(statuses),
                }
                for endpoint, statuses in sorted(self._statuses.items())
            }
            sums = {
                name: sum(counts[name] for counts in endpoints.values())
                for name in ("requests", "charged", "free")
            }
            return {
                "endpoints": endpoints,
                **sums,
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
