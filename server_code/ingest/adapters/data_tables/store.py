"""The whole state in Data Tables."""

from __future__ import annotations

from functools import cache

from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS
from ...ports import DashboardReads, LogCache, StateStore
from .attempts import TableAttempts
from .coordination import HeartbeatsAtWriteCheck, TableCoordination
from .dashboard_reads import DashboardCaches, TableDashboardReads
from .errors import translating_errors
from .errors_and_activities import TableErrorsAndActivities, entry_cache
from .job_logs import TableJobLogs
from .ledger_counts import ledger_counts_cache
from .log_cache import TableLogPageStore
from .repositories import TableRepositories
from .run_hints import TableRunHints
from .run_summaries import TableRunSummaries, run_summary_cache
from .saved_counters import SavedCountersCache, TableSavedCounters
from .sources import TableSources


class DataTablesState(
    TableRepositories,
    TableSources,
    TableAttempts,
    TableRunHints,
    TableJobLogs,
    TableRunSummaries,
    TableCoordination,
    TableSavedCounters,
    TableErrorsAndActivities,
    StateStore,
):
    """The state in Data Tables; its run hints are the runs that a webhook or a person named.

    In a server module only the call's main thread may use it; over the Uplink any thread.
    """

    def __init__(self) -> None:
        self.log_cache = LogCache(TableLogPageStore())
        self._ledger_counts_cache = ledger_counts_cache()
        self._run_summary_cache = run_summary_cache()
        self._saved_counters_cache = SavedCountersCache()
        self._error_cache = entry_cache(MAX_ERRORS)
        self._activity_cache = entry_cache(MAX_ACTIVITIES)
        self._dashboard_caches = DashboardCaches()
        self._heartbeats_at_write_check = HeartbeatsAtWriteCheck()

    def for_dashboard(self) -> DashboardReads:
        """Return what a refresh of a page reads; only what has changed is read."""
        with translating_errors():
            return TableDashboardReads(self, self._dashboard_caches)

    def close(self) -> None:
        """Do nothing: Anvil owns the connection."""


@cache
def open_data_tables_state() -> DataTablesState:
    """Return the state of the app that this runs in or is connected to; sends no query yet.

    All calls of a process share it, with its caches of what pages read.
    """
    return DataTablesState()
