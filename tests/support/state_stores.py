"""What tests do with a store of state, whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from ingest.ports import StateStore
from support.state_records import NOW


def claim(state: StateStore, holder: str = "me", now: datetime = NOW, **values: Any) -> list[str]:
    """Claim whatever is due, one after the other, and name it."""
    chosen = {"holder": holder, "now": now, "lease_seconds": 60, **values}
    names = []
    while record := state.claim_repository(**chosen):
        names.append(record.full_name)
    return names


def in_threads(work: Callable[[int], Any], *, threads: int = 8) -> list[Any]:
    """Run work in threads at once; raises what any of them raised."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads)))
