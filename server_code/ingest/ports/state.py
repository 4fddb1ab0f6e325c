"""All state of the collector: the sum of its stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..domain.collection_records import CollectionRecord
from ..domain.ledger import MAX_ERRORS, ErrorRecord, RepositoryRecord
from ..domain.source_records import CredentialRecord, SourceRecord
from .coordination_store import CoordinationStore
from .dashboard_store import DashboardStore
from .ledger_store import LedgerStore, LogStateStore
from .log_cache import LogCache
from .repository_store import RepositoryStore
from .source_store import SourceStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedRecords:
    """The records that each refresh of the overview needs; a store may cache what has not changed.

    ``repositories``: as ``list_repositories_cached`` returns them; ``desired_states``: by agent.
    """

    repositories: Sequence[RepositoryRecord]
    desired_states: Mapping[str, str]
    collections: Sequence[CollectionRecord]
    errors: Sequence[ErrorRecord]
    sources: Sequence[SourceRecord]
    credentials: Sequence[CredentialRecord]


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

    def load_cached_records(self) -> CachedRecords:
        """Load the records that each refresh of the overview needs."""
        return CachedRecords(
            repositories=self.list_repositories_cached(),
            desired_states=self.load_desired_states(),
            collections=self.list_collections(),
            errors=self.list_errors(limit=MAX_ERRORS),
            sources=self.list_sources(),
            credentials=self.list_credentials(),
        )

    def close(self) -> None:
        """Close all connections."""
