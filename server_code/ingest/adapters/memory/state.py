"""The whole state in memory: the four stores over one set of tables."""

from __future__ import annotations

from ...ports import StateStore
from .ledger import MemoryLedger
from .logs import MemoryLogs
from .repositories import MemoryRepositories
from .tables import Tables
from .view import MemoryView


class MemoryState(MemoryRepositories, MemoryLedger, MemoryLogs, MemoryView, StateStore):
    """Keep all state while the process lives; safe for threads, unknown to other processes."""

    def __init__(self) -> None:
        self._tables = Tables()

    def close(self) -> None:
        """Do nothing: there are no connections."""
