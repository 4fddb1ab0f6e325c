"""Pages of logs in Data Tables.

A log becomes visible with the last request, which also counts its bytes.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import anvil.tables
import anvil.tables.query as q

from ...domain.log_cache import (
    EVICTION_SLACK,
    MAX_CACHED_BYTES,
    MAX_CACHED_LOGS,
    CompressedLog,
    CompressedPage,
    EvictionCandidate,
    choose_kept_and_evicted,
    format_long_lines,
    parse_long_lines,
)
from ...domain.log_pages import MAX_PAGE_BYTES, MAX_PAGE_PARTS, LogPage, LogSize
from ...domain.log_states import JobLogId
from ...ports.log_cache import LogPageStore
from .errors import translate_errors
from .table import Table
from .values import as_utc, sort_key

_LOGS = Table("cached_logs")
_PAGES = Table("log_pages")

#: Pages of one query where they are read in order. A page has 350 kB at most, and a message to or
#: from Anvil 16 MiB; a query costs about as much time as 2 MiB.
_MIN_PAGES_AT_ONCE, _MAX_PAGES_AT_ONCE = 6, 40
_BYTES_AT_ONCE = 4 * 1024 * 1024

#: After this number of saves a process reads the size of the cache again.
SAVES_PER_CHECK = 50

#: Columns keep the names of release 0.1: ``first_line`` and ``line_count`` count parts of lines
#: (a long line has several), ``marks`` is the outline, ``age`` the text of ``saved_at``.
_PAGE_COLUMNS = ("first_line", "line_count", "content")


@translate_errors
class TableLogPageStore(LogPageStore):
    """Pages of logs in the app's tables, next to the state."""

    def __init__(
        self, *, max_logs: int = MAX_CACHED_LOGS, max_bytes: int = MAX_CACHED_BYTES
    ) -> None:
        self._max_logs = max_logs
        self._max_bytes = max_bytes
        self._logs = self._stored_bytes = 0
        self._saves_until_check = 0

    def new_log(self, job: JobLogId, now: datetime) -> _LogWriter:
        """Begin to write a log."""
        log_key, name = "|".join(map(str, job)), uuid.uuid4().hex
        row = {"key": name, "name": name, "log": log_key, "saved_at": now, "is_whole": False}
        return _LogWriter(self, _LOGS.add_row({**row, "age": sort_key(now)}), name, log_key, now)

    def add_logs(self, logs: Sequence[CompressedLog], now: datetime) -> None:
        """Write whole logs, one after the other."""
        for log in logs:
            self.new_log(log.job, now).finish(log.pages, log.size, log.outline)

    def find_log(self, job: JobLogId) -> _StoredLog | None:
        """Find the whole log of a job."""
        row = _LOGS.first(
            columns=("name", "total_lines", "total_bytes", "stored_bytes", "long_lines"),
            where={"log": "|".join(map(str, job)), "is_whole": True},
        )
        if row is None:
            return None
        long_lines = parse_long_lines(row["long_lines"])
        size = LogSize(int(row["total_lines"]), int(row["total_bytes"]), long_lines)
        return _StoredLog(row["name"], size, int(row["stored_bytes"] or 0))

    def evict_if_full(self, stored_bytes: int, now: datetime) -> None:
        """Count a saved log, and evict if the cache may be full.

        Logs that other processes saved are counted after at most SAVES_PER_CHECK further saves.
        """
        self._logs, self._stored_bytes = self._logs + 1, self._stored_bytes + stored_bytes
        self._saves_until_check -= 1
        has_too_many = self._logs > self._max_logs * EVICTION_SLACK
        is_full = has_too_many or self._stored_bytes > self._max_bytes * EVICTION_SLACK
        if is_full or self._saves_until_check < 0:
            self._saves_until_check = SAVES_PER_CHECK
            self._evict(now)

    def _evict(self, now: datetime) -> None:
        """Delete the oldest logs beyond the limits, and logs that were never finished."""
        columns = ("name", "stored_bytes", "is_whole", "saved_at")
        rows = _LOGS.search(columns=columns, order_by="age", is_ascending=False)
        logs = (
            EvictionCandidate(
                name=row["name"],
                stored_bytes=int(row["stored_bytes"] or 0),
                unfinished_since=None if row["is_whole"] else as_utc(row["saved_at"]),
            )
            for row in rows
        )
        kept, evicted = choose_kept_and_evicted(
            logs, max_logs=self._max_logs, max_bytes=self._max_bytes, now=now
        )
        self._logs, self._stored_bytes = len(kept), sum(log.stored_bytes for log in kept)
        _delete(evicted)


@translate_errors
@dataclass
class _LogWriter:
    _page_store: TableLogPageStore
    _row: Any
    _name: str
    _log_key: str
    _now: datetime
    _stored_bytes: int = 0

    def add_pages(self, pages: Sequence[CompressedPage]) -> None:
        """Write the next pages."""
        rows = [self._page_row(page) for page in pages]
        self._stored_bytes += sum(len(row["content"]) for row in rows)
        _PAGES.add_rows(rows)

    def finish(self, pages: Sequence[CompressedPage], size: LogSize, outline: bytes) -> None:
        """Write the last pages, show the log in place of the earlier ones, and evict."""
        self.add_pages(pages)
        # Not those that are being written: another process may save the same log at once.
        earlier = _LOGS.search(columns=("name",), where={"log": self._log_key, "is_whole": True})
        replaced = [row["name"] for row in earlier]
        try:
            self._row.update(
                is_whole=True,
                total_lines=size.total_lines,
                total_bytes=size.total_bytes,
                stored_bytes=self._stored_bytes,
                long_lines=format_long_lines(size),
                marks=base64.b64encode(outline).decode(),
            )
        except anvil.tables.RowDeleted:
            _delete([self._name])  # it was evicted meanwhile, as if abandoned
            return
        _delete(replaced)
        self._page_store.evict_if_full(self._stored_bytes, self._now)

    def _page_row(self, page: CompressedPage) -> dict[str, Any]:
        return {
            "key": f"{self._name}|{page.first_part}",
            "name": self._name,
            "first_line": page.first_part,
            "line_count": page.part_count,
            "content": base64.b64encode(page.content).decode(),
        }


@translate_errors
class _StoredLog:
    """The pages of one log; where they are read in order, several are fetched by one query."""

    def __init__(self, name: str, size: LogSize, stored_bytes: int) -> None:
        self.size = size
        self._name = name
        pages = max(size.total_bytes // MAX_PAGE_BYTES, size.total_lines // MAX_PAGE_PARTS, 1)
        wanted = _BYTES_AT_ONCE * pages // max(stored_bytes, 1)
        self._pages_at_once = max(_MIN_PAGES_AT_ONCE, min(wanted, _MAX_PAGES_AT_ONCE))
        self._next_pages: Iterator[LogPage] = iter(())
        self._next_part = 0

    def find_page(self, part: int) -> LogPage | None:
        """Find the page that holds a part; None where it is gone."""
        if part != self._next_part:
            self._next_pages = self._read(part)
        page = next(self._next_pages, None)
        # Pages are deleted in several queries: others of the log may still be there.
        if page is None or not page.first_part <= part < page.end:
            self._next_part = 0
            return None
        self._next_part = page.end
        return page

    def load_outline(self) -> bytes | None:
        """Load the packed outline (groups, errors, warnings); None where there is none."""
        row = _LOGS.first(columns=("marks",), where={"key": self._name})
        return None if row is None or row["marks"] is None else base64.b64decode(row["marks"])

    def _read(self, part: int) -> Iterator[LogPage]:
        holding = _PAGES.list_first(
            columns=_PAGE_COLUMNS,
            order_by="first_line",
            is_ascending=False,
            limit=1,
            where={"name": self._name, "first_line": q.less_than_or_equal_to(part)},
        )
        yield from map(_page, holding)
        following = _PAGES.search(
            columns=_PAGE_COLUMNS,
            order_by="first_line",
            page_size=self._pages_at_once,
            where={"name": self._name, "first_line": q.greater_than(part)},
        )
        yield from map(_page, following)


def _page(row: Any) -> LogPage:  # noqa: ANN401 - a row
    content = base64.b64decode(row["content"])
    return CompressedPage(int(row["first_line"]), int(row["line_count"]), content).decompress()


def _delete(names: Sequence[str]) -> None:
    if names:
        _PAGES.delete_by("name", names)
        _LOGS.delete_by("name", names)
