"""Log caches for tests of services: SQLite's, in memory."""

from __future__ import annotations

from ingest.adapters.sql import open_sql_state
from ingest.ports import LogCache


def open_log_cache() -> LogCache:
    """Open an empty cache that ends with the test."""
    return open_sql_state("sqlite://").log_cache
