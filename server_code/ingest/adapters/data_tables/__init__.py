"""The state in the Data Tables of an Anvil app: hosted, on an app server, or over the Uplink."""

from .store import DataTablesState, open_data_tables_state

__all__ = ["DataTablesState", "open_data_tables_state"]
