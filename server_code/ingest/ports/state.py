"""All state of the collector: the sum of its stores."""

from __future__ import annotations

from typing import Protocol

from .coordination_store import CoordinationStore
from .dashboard_reads import DashboardReads
from .dashboard_store import DashboardStore
from .ledger_store import LedgerStore, LogStateStore
from .log_cache import LogCache
from .repository_store import RepositoryStore
from .source_store import SourceStore


class StateStore(
    RepositoryStore,
    SourceStore,
    LedgerStore,
    LogStateStore,
    CoordinationStore,
    DashboardStore,
    Protocol,
):
    """All state of the collector. Any method may raise StateUnavailable.

    Safe to use from many threads and processes at once. ``log_cache`` is in the same database.
    """

    log_cache: LogCache

    def for_dashboard(self) -> DashboardReads:
        """Return what a refresh of a page reads; it has all that was saved before this call."""
        return self

    def close(self) -> None:
        """Close all connections."""
