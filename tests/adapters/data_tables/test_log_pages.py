"""Cached logs in Data Tables, of which pages and rows are written and deleted one after another."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

import anvil.tables.query as q
import pytest
from anvil.tables import RowDeleted
from ingest.adapters.data_tables import log_cache
from ingest.adapters.data_tables.log_cache import TableLogPageStore
from ingest.domain.log_cache import compress_log
from ingest.domain.log_outline import LogOutline
from ingest.domain.runs import AttemptKey
from ingest.errors import StateUnavailable
from ingest.ports import LogCache

KEY = AttemptKey("octo/api", 7, 1)
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
LOG = b"".join(b"%d\n" % number for number in range(5000))


class StoredRow(dict[str, Any]):
    """A row, which cannot be updated once it is deleted."""

    is_deleted = False

    def __missing__(self, column: str) -> None:
        """Return None for a column that was not set."""

    def update(self, *args: Any, **values: Any) -> None:
        if self.is_deleted:
            raise RowDeleted("This row has been deleted")
        super().update(*args, **values)


class StoredTable:
    """A table in memory."""

    def __init__(self) -> None:
        self.rows: list[StoredRow] = []

    def add_row(self, row: Mapping[str, Any]) -> StoredRow:
        self.rows.append(StoredRow(row))
        return self.rows[-1]

    def add_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows += map(StoredRow, rows)

    def search(
        self,
        *,
        columns: Sequence[str],
        order_by: str = "key",
        is_ascending: bool = True,
        page_size: int = 0,
        where: Mapping[str, Any] | None = None,
    ) -> Iterator[StoredRow]:
        wanted = (where or {}).items()
        found = [row for row in self.rows if all(_matches(row[name], v) for name, v in wanted)]
        return iter(sorted(found, key=lambda row: row[order_by], reverse=not is_ascending))

    def list_first(self, *, limit: int, **search: Any) -> list[StoredRow]:
        return list(islice(self.search(**search), limit))

    def first(self, **search: Any) -> StoredRow | None:
        return next(self.search(**search), None)

    def delete_by(self, column: str, values: Sequence[str]) -> None:
        for row in [row for row in self.rows if row[column] in values]:
            row.is_deleted = True
            self.rows.remove(row)


def _matches(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, q.less_than_or_equal_to):
        return bool(value <= wanted.value)
    if isinstance(wanted, q.greater_than):
        return bool(value > wanted.value)
    return bool(value == wanted)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> StoredTable:
    table = StoredTable()
    monkeypatch.setattr(log_cache, "_LOGS", StoredTable())
    monkeypatch.setattr(log_cache, "_PAGES", table)
    return table


@pytest.mark.parametrize("deleted", [0, 1, 3, 4])
def test_a_log_of_which_pages_are_deleted_is_gone(pages: StoredTable, deleted: int) -> None:
    """Pages are deleted in several queries, and the process may be killed between them."""
    cache = LogCache(TableLogPageStore())
    cache.save_log(KEY, 1, io.BytesIO(LOG), LogOutline(), NOW)
    del pages.rows[deleted]
    first = deleted * 1000 + 1
    assert cache.load_lines(KEY, 1, first, 10) is None
    assert cache.load_lines(KEY, 1, 1, 5000) is None
    assert cache.load_part(KEY, 1, first, 1) is None
    assert cache.find_lines(KEY, 1, "needle") is None
    chunks = cache.load_content(KEY, 1)
    assert chunks is not None
    with pytest.raises(StateUnavailable):
        list(chunks)


def test_two_processes_save_a_log_at_once(pages: StoredTable) -> None:
    """Neither deletes what the other one is writing."""
    slow, fast = TableLogPageStore(), TableLogPageStore()
    log = compress_log(KEY, 1, LOG, LogOutline())
    writer = slow.new_log(log.job, NOW)
    writer.add_pages(log.pages[:2])
    fast.add_logs([log], NOW)
    writer.finish(log.pages[2:], log.size, log.outline)
    assert b"".join(LogCache(fast).load_content(KEY, 1) or ()) == LOG
    assert len(pages.rows) == len(log.pages), "the log that was saved first is replaced"


def test_a_log_evicted_while_it_is_written_leaves_no_page(pages: StoredTable) -> None:
    """Another process takes the writer for killed: a laptop slept, or the clock was changed."""
    log = compress_log(KEY, 1, LOG, LogOutline())
    writer = TableLogPageStore().new_log(log.job, NOW)
    writer.add_pages(log.pages[:2])
    other = compress_log(KEY, 2, b"other", LogOutline())
    TableLogPageStore().add_logs([other], NOW + timedelta(hours=2))
    writer.finish(log.pages[2:], log.size, log.outline)
    assert len(pages.rows) == len(other.pages)
