"""The whole state in Data Tables."""

from __future__ import annotations

import math
from functools import cache, partial

from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS
from ...ports import CachedRecords, LogCache, StateStore
from .attempts import TableAttempts
from .coordination import COLLECTIONS, DESIRED_STATES, TableCoordination
from .errors import table_errors
from .job_logs import TableJobLogs
from .journal import ERRORS, TableJournal, journal_cache
from .ledger_counts import ledger_counts_cache
from .log_cache import TableLogPageStore
from .repositories import RepositoryCache, TableRepositories
from .run_hints import TableRunHints
from .run_summaries import TableRunSummaries, run_summary_cache
from .saved_counters import CachedCounts, TableSavedCounters
from .seldom_changed import SeldomChangedCache, load_changes
from .sources import CREDENTIALS, SOURCES, TableSources, discovered_cache


class DataTablesState(
    TableRepositories,
    TableSources,
    TableAttempts,
    TableRunHints,
    TableJobLogs,
    TableRunSummaries,
    TableCoordination,
    TableSavedCounters,
    TableJournal,
    StateStore,
):
    """The state in Data Tables.

    In a server module only the call's main thread may use it; over the Uplink any thread.
    """

    def __init__(self) -> None:
        self.log_cache = LogCache(TableLogPageStore())
        self._repository_cache = RepositoryCache()
        self._discovered_cache = discovered_cache()
        self._ledger_counts_cache = ledger_counts_cache()
        self._run_summary_cache = run_summary_cache()
        self._saved_counters_cache = CachedCounts()
        self._error_cache = journal_cache(MAX_ERRORS)
        self._activity_cache = journal_cache(MAX_ACTIVITIES)
        self._seldom_changed_cache = SeldomChangedCache()
        self._seen_heartbeats = -math.inf, {}

    def load_cached_records(self) -> CachedRecords:
        """Load what pages show again and again; only what has changed is read."""
        cache = self._seldom_changed_cache
        with table_errors():
            changes = load_changes()
            repositories = self._list_repositories(changes)
        return CachedRecords(
            repositories=repositories,
            desired_states=cache.load(DESIRED_STATES, self.load_desired_states, changes),
            collections=cache.load(COLLECTIONS, self.list_collections, changes),
            errors=cache.load(ERRORS, partial(self.list_errors, limit=MAX_ERRORS), changes),
            sources=cache.load(SOURCES, self.list_sources, changes),
            credentials=cache.load(CREDENTIALS, self.list_credentials, changes),
        )

    def close(self) -> None:
        """Do nothing: Anvil owns the connection."""


@cache
def open_data_tables_state() -> DataTablesState:
    """Return the state of the app that this runs in or is connected to; sends no query yet.

    All calls of a process share it, with its caches of what pages read.
    """
    return DataTablesState()
