"""The whole state, put together."""

from __future__ import annotations

import math
from functools import cache

from ...domain.ledger import MAX_ACTIVITIES, MAX_ERRORS
from ...ports import StateStore
from .agents import TableAgents
from .attempts import TableAttempts
from .hints import TableHints
from .job_logs import TableJobLogs
from .journal import TableJournal, keep_journal
from .ledger_counts import keep_counts
from .log_cache import TableLogCache
from .message_counts import KeptCounts, TableMessageCounts
from .run_list import TableRunList, keep_runs
from .sources import TableSources
from .watched import WatchedRepositories, keep_repositories


class DataTablesState(
    WatchedRepositories,
    TableSources,
    TableAttempts,
    TableHints,
    TableJobLogs,
    TableRunList,
    TableAgents,
    TableMessageCounts,
    TableJournal,
    StateStore,
):
    """The state in Data Tables.

    In a server module it answers the call's main thread only; over the Uplink any thread.
    """

    def __init__(self) -> None:
        self.log_cache = TableLogCache()
        self._kept_repositories = keep_repositories()
        self._kept_ledger = keep_counts()
        self._kept_runs = keep_runs()
        self._kept_counts = KeptCounts()
        self._kept_errors = keep_journal(MAX_ERRORS)
        self._kept_activities = keep_journal(MAX_ACTIVITIES)
        self._seen_beats = -math.inf, {}

    def close(self) -> None:
        """Do nothing: the connection is Anvil's."""


@cache
def open_data_tables_state() -> DataTablesState:
    """Open the tables of the app that this runs in or is connected to. Asks nothing yet.

    It is one for all calls of a process, which keeps what pages read again and again.
    """
    return DataTablesState()
