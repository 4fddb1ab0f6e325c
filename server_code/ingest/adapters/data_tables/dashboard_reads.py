"""What a refresh of a page reads of Data Tables: only what has changed since the one before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from ...domain.collection_records import CollectionRecord
from ...domain.ledger import MAX_ERRORS, ErrorRecord, RepositoryRecord
from ...domain.source_records import CredentialRecord, DiscoveredRepository, SourceRecord
from ...ports import DashboardReads, StateStore
from .coordination import COLLECTIONS, DESIRED_STATES
from .errors import translate_errors
from .errors_and_activities import ERRORS
from .repositories import REPOSITORIES, RepositoryCache
from .seldom_changed import SeldomChangedCache, load_changes
from .sources import CREDENTIALS, DISCOVERED, SOURCES, discovered_cache
from .table import Table

_Value = TypeVar("_Value")


class DashboardCaches:
    """What a process has read for pages. Safe for many threads."""

    def __init__(self) -> None:
        self.repositories = RepositoryCache()
        self.discovered = discovered_cache()
        self.seldom_changed = SeldomChangedCache()


@translate_errors
class TableDashboardReads(DashboardReads):
    """What a page reads, by the ids of the last changes when it began."""

    def __init__(self, store: StateStore, caches: DashboardCaches) -> None:
        self._store, self._caches, self._changes = store, caches, load_changes()

    def list_repositories(self) -> list[RepositoryRecord]:
        """List the watched repositories by name, as far as pages show them."""
        # A removal leaves no row to find: its id makes the cache read all rows again.
        removal_ids = self._changes.get(REPOSITORIES.name, frozenset())
        records = self._caches.repositories.load(REPOSITORIES, removal_ids)
        return [records[key] for key in sorted(records)]

    def list_discovered_repositories(self) -> list[DiscoveredRepository]:
        """List what was discovered, by name; after a change, what was saved since is read."""
        load = partial(self._caches.discovered.load, DISCOVERED)
        found = self._load_if_changed(DISCOVERED, load)
        return [found[key] for key in sorted(found)]

    def load_desired_states(self) -> Mapping[str, str]:
        """Load the desired states by agent."""
        return self._load_if_changed(DESIRED_STATES, self._store.load_desired_states)

    def list_collections(self) -> list[CollectionRecord]:
        """List the manual collections, newest started first."""
        return self._load_if_changed(COLLECTIONS, self._store.list_collections)

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        load = partial(self._store.list_errors, limit=MAX_ERRORS)
        return self._load_if_changed(ERRORS, load)[:limit]

    def list_sources(self) -> list[SourceRecord]:
        """List all sources, by pattern."""
        return self._load_if_changed(SOURCES, self._store.list_sources)

    def list_credentials(self) -> list[CredentialRecord]:
        """List all credentials, by name."""
        return self._load_if_changed(CREDENTIALS, self._store.list_credentials)

    def _load_if_changed(self, table: Table, load: Callable[[], _Value]) -> _Value:
        return self._caches.seldom_changed.load(table, load, self._changes)
