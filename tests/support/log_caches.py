"""Log caches for tests of services: SQLite's, in memory."""

from __future__ import annotations

from ingest.adapters.sql import open_sql_state
from ingest.domain.log_cache import PagedLogCache


def open_log_cache() -> PagedLogCache:
    """Open an empty cache that ends with the test."""
    return open_sql_state("sqlite://").log_cache
