"""The contract of the cache of logs, on Data Tables over the Uplink."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from contracts.test_log_cache import *  # noqa: F403 - tests that are functions
from contracts.test_log_cache import KEY, MAX_BYTES, MAX_LOGS, NOW
from ingest.adapters.data_tables.log_cache import TableLogPageStore
from ingest.adapters.data_tables.table import Table
from ingest.domain.log_cache import compress_log
from ingest.domain.log_outline import LogOutline
from ingest.ports import LogCache


@pytest.fixture
def cache(app_call: Callable[..., Any]) -> LogCache:
    """Open an empty cache that holds few logs."""
    # As text, bytes take a third more.
    return LogCache(TableLogPageStore(max_logs=MAX_LOGS, max_bytes=MAX_BYTES * 4 // 3))


def test_a_log_evicted_while_it_is_written_leaves_no_page(app_call: Callable[..., Any]) -> None:
    """The server refuses to change its row, which is gone."""
    log = compress_log(KEY, 1, bytes(range(256)) * 4096, LogOutline())
    writer = TableLogPageStore().new_log(log.job, NOW)
    writer.add_pages(log.pages[:1])
    other = compress_log(KEY, 2, b"other", LogOutline())
    TableLogPageStore().add_logs([other], NOW + timedelta(hours=2))
    writer.finish(log.pages[1:], log.size, log.outline)
    names = {row["name"] for row in Table("log_pages").search(columns=("name",))}
    logs = {row["name"] for row in Table("cached_logs").search(columns=("name",))}
    assert names == logs
    assert TableLogPageStore().find_log(log.job) is None
