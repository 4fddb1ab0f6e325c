"""The contract of the cache of logs, on Data Tables over the Uplink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from contracts.test_log_cache import *  # noqa: F403 - tests that are functions
from contracts.test_log_cache import MAX_BYTES, MAX_LOGS
from ingest.adapters.data_tables.log_cache import TableLogPageStore
from ingest.ports import LogCache


@pytest.fixture
def cache(app_call: Callable[..., Any]) -> LogCache:
    """Open an empty cache that holds few logs."""
    # As text, bytes take a third more.
    return LogCache(TableLogPageStore(max_logs=MAX_LOGS, max_bytes=MAX_BYTES * 4 // 3))
