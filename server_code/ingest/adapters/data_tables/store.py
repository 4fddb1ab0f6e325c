"""The whole state, put together."""

from __future__ import annotations

from ...ports import StateStore
from .agents import TableAgents
from .attempts import TableAttempts
from .hints import TableHints
from .job_logs import TableJobLogs
from .journal import TableJournal
from .log_cache import TableLogCache
from .run_list import TableRunList
from .sources import TableSources
from .watched import WatchedRepositories


class DataTablesState(
    WatchedRepositories,
    TableSources,
    TableAttempts,
    TableHints,
    TableJobLogs,
    TableRunList,
    TableAgents,
    TableJournal,
    StateStore,
):
    """The state in Data Tables.

    In a server module it answers the call's main thread only; over the Uplink any thread.
    """

    def __init__(self) -> None:
        self.log_cache = TableLogCache()

    def close(self) -> None:
        """Do nothing: the connection is Anvil's."""


def open_data_tables_state() -> DataTablesState:
    """Open the tables of the app that this runs in or is connected to. Asks nothing yet."""
    return DataTablesState()
