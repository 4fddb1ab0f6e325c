"""All state of the collector: the sum of its stores."""

from __future__ import annotations

from typing import Protocol

from .agent_store import AgentStore
from .ledger_store import LedgerStore, LogStateStore
from .repository_store import RepositoryStore
from .source_store import SourceStore
from .view_store import ViewStore


class StateStore(
    RepositoryStore, SourceStore, LedgerStore, LogStateStore, AgentStore, ViewStore, Protocol
):
    """All state of the collector. Any method may raise StateUnavailable.

    Safe to use from many threads and processes at once.
    """

    def close(self) -> None:
        """Close all connections."""
