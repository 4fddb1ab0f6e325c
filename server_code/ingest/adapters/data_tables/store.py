"""The whole state in Data Tables."""

from __future__ import annotations

import math
from functools import cache

from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS
from ...domain.log_cache import PagedLogCache
from ...ports import StateStore
from .agents import TableAgents
from .attempts import TableAttempts
from .hints import TableHints
from .job_logs import TableJobLogs
from .journal import TableJournal, journal_cache
from .ledger_counts import ledger_counts_cache
from .log_cache import TablePageStore
from .message_counts import CachedCounts, TableMessageCounts
from .repositories import TableRepositories, repository_cache
from .run_summaries import TableRunSummaries, run_summary_cache
from .sources import TableSources, discovered_cache


class DataTablesState(
    TableRepositories,
    TableSources,
    TableAttempts,
    TableHints,
    TableJobLogs,
    TableRunSummaries,
    TableAgents,
    TableMessageCounts,
    TableJournal,
    StateStore,
):
    """The state in Data Tables.

    In a server module only the call's main thread may use it; over the Uplink any thread.
    """

    def __init__(self) -> None:
        self.log_cache = PagedLogCache(TablePageStore())
        self._repository_cache = repository_cache()
        self._discovered_cache = discovered_cache()
        self._ledger_counts_cache = ledger_counts_cache()
        self._run_summary_cache = run_summary_cache()
        self._message_counts_cache = CachedCounts()
        self._error_cache = journal_cache(MAX_ERRORS)
        self._activity_cache = journal_cache(MAX_ACTIVITIES)
        self._seen_heartbeats = -math.inf, {}

    def close(self) -> None:
        """Do nothing: Anvil owns the connection."""


@cache
def open_data_tables_state() -> DataTablesState:
    """Return the state of the app that this runs in or is connected to; sends no query yet.

    All calls of a process share it, with its caches of what pages read.
    """
    return DataTablesState()
