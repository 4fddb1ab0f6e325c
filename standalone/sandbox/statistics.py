"""Count the requests to the sandbox, what was charged for them, and violations of limits."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any

KEPT_DETAILS = 50
NOT_SENT = 0
"""The status under which a request is counted if a fault closed its connection."""


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

    def count_event(self, name: str, detail: str | None = None) -> int:
        """Count another event, such as a violation or a webhook; return how often it occurred."""
        with self._lock:
            if detail is not None:
                self._details.append(f"{name}: {detail}")
            self._totals[name] += 1
            return self._totals[name]

    def snapshot(self) -> dict[str, Any]:
        """Return all counts by endpoint and in sum, and `details` of the last violations."""
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
