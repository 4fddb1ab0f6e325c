"""The state stores, and the settings of an Anvil app."""

from __future__ import annotations

from pathlib import Path

from ..ports import StateStore
from ..settings import Settings

#: Where a headless collector keeps its state when no DATABASE_URL is set.
DEFAULT_STATE_FILE = "runstream.db"


def open_state(settings: Settings) -> StateStore:
    """Open the state that the settings name: PostgreSQL, or a SQLite file."""
    from ..adapters.sql import open_sql_state

    return open_sql_state(settings.database_url or str(Path(DEFAULT_STATE_FILE).resolve()))


def read_anvil_settings() -> Settings:
    """Read the settings of an Anvil app: environment, then App Secrets. Raises BadSettings."""
    from ..adapters.anvil_secrets import get_setting
    from ..settings import read_settings
    from .github_app_file import lookup_with_github_app_file

    return read_settings(lookup_with_github_app_file(get_setting))


def open_data_tables_state() -> StateStore:
    """Open the Data Tables of the Anvil app that runs this code or that the Uplink connects to."""
    from ..adapters.data_tables import open_data_tables_state as open_tables

    return open_tables()
