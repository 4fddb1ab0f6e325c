"""What tests do with a store of state, whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from ingest.ports import StateStore
from support.state_records import NOW


def claim(state: StateStore, holder: str = "me", now: datetime = NOW, **values: Any) -> list[str]:
    """Claim and name what was claimed."""
    chosen = {"lease_seconds": 60, "limit": 10, **values}
    return [
        record.full_name for record in state.claim_repositories(holder=holder, now=now, **chosen)
    ]


def in_threads(work: Callable[[int], Any], *, threads: int = 8) -> list[Any]:
    """Run work in threads at once; raises what any of them raised."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads)))
