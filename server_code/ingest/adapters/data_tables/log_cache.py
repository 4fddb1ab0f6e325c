"""The newest logs in Data Tables: packed pages, so that a few lines cost a few pages.

A log is written under a name of its own, and becomes visible with the last question; what a killed
task left half written goes an hour later.
"""

from __future__ import annotations

import base64
import uuid
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import anvil.tables.query as q

from ...domain.log_pages import (
    LogLines,
    LogPage,
    LogSize,
    cut_pages,
    pick_lines,
    read_pages,
    search_pages,
)
from ...domain.runs import AttemptKey
from ...ports import LogCache
from ...ports.logs import MOST_CACHED_BYTES, MOST_CACHED_LOGS
from .errors import table_errors
from .rows import Rows, text_bytes, weighed
from .values import age_key, attempt_key

_LOGS = Rows("cached_logs")
_PAGES = Rows("log_pages")

#: Pages that come at once where one follows the other; 350 kB each at most.
_READ_AT_ONCE = 8
_UNFINISHED_KEPT = timedelta(hours=1)
_FASTEST = 1

#: So many logs may be saved between two looks at how many there are.
LOOK_AFTER = 50

_PAGE_COLUMNS = ("first_line", "line_count", "content")


class TableLogCache(LogCache):
    """Keep logs beside the state that tells of them."""

    def __init__(
        self, *, most_logs: int = MOST_CACHED_LOGS, most_bytes: int = MOST_CACHED_BYTES
    ) -> None:
        self._most_logs = most_logs
        self._most_bytes = most_bytes
        self._logs = self._stored = 0
        self._saves_to_check = 0

    def save_log(self, key: AttemptKey, job_id: int, log: BinaryIO, now: datetime) -> None:
        """Keep a log in place of the one kept for that job; the oldest go where they must."""
        name, log_key = uuid.uuid4().hex, f"{attempt_key(key)}|{job_id}"
        row = {"key": name, "name": name, "log": log_key, "saved_at": now, "is_whole": False}
        with table_errors():
            before = [
                each["name"] for each in _LOGS.search(columns=("name",), where={"log": log_key})
            ]
            draft = _LOGS.insert({**row, "age": age_key(now)})
        sizes = dict.fromkeys(("total_lines", "total_bytes", "stored_bytes"), 0)
        # Whatever the log itself raises while it is read is not the tables' fault.
        for pages in weighed(_pack_pages(name, log, sizes), text_bytes):
            with table_errors():
                _PAGES.add(pages)
        with table_errors():
            draft.update(is_whole=True, **sizes)
            _drop(before)
            self._make_room(sizes["stored_bytes"], now)

    @table_errors()
    def load_lines(self, key: AttemptKey, job_id: int, first: int, count: int) -> LogLines | None:
        """Load lines of a log that is kept, page by page."""
        found = _find(key, job_id)
        return None if found is None else pick_lines(found.find_page, found.size, first, count)

    @table_errors()
    def find_lines(
        self, key: AttemptKey, job_id: int, text: str, after: int = 0
    ) -> list[int] | None:
        """Find the lines of a log that hold a text, page by page."""
        found = _find(key, job_id)
        return None if found is None else search_pages(found.find_page, found.size, text, after)

    @table_errors()
    def load_content(self, key: AttemptKey, job_id: int) -> Iterator[bytes] | None:
        """Load a whole log, page by page."""
        found = _find(key, job_id)
        return None if found is None else found.contents()

    def _make_room(self, stored_bytes: int, now: datetime) -> None:
        """Evict logs where the cache may be full: most logs find room enough.

        What others save meanwhile is seen with the next look, LOOK_AFTER saves later at most.
        """
        self._logs, self._stored = self._logs + 1, self._stored + stored_bytes
        self._saves_to_check -= 1
        is_full = self._logs > self._most_logs or self._stored > self._most_bytes
        if is_full or self._saves_to_check < 0:
            self._saves_to_check = LOOK_AFTER
            self._evict(now)

    def _evict(self, now: datetime) -> None:
        """Drop the oldest logs that are too many, and what was never finished."""
        columns = ("name", "stored_bytes", "is_whole", "saved_at")
        doomed, logs, stored = [], 0, 0
        self._logs = self._stored = 0
        for row in _LOGS.search(columns=columns, order_by="age", is_ascending=False):
            if not row["is_whole"]:
                if row["saved_at"] < now - _UNFINISHED_KEPT:
                    doomed.append(row["name"])
                continue
            logs, stored = logs + 1, stored + row["stored_bytes"]
            if logs > self._most_logs or stored > self._most_bytes:
                doomed.append(row["name"])
            else:
                self._logs, self._stored = logs, stored
        _drop(doomed)


class _Stored:
    """Read the pages of one log; those that follow each other come some at a time."""

    def __init__(self, name: str, size: LogSize) -> None:
        self.size = size
        self._name = name
        self._coming: Iterator[LogPage] = iter(())
        self._next_line = 0

    def find_page(self, number: int) -> LogPage | None:
        """Find the page that holds a line."""
        if number != self._next_line:
            self._coming = self._pages(number)
        page = next(self._coming, None)
        self._next_line = 0 if page is None else page.end
        return page

    def contents(self) -> Iterator[bytes]:
        """Read all pages in order. Raises StateUnavailable where they leave the cache meanwhile."""
        with table_errors():
            yield from read_pages(self.find_page, self.size)

    def _pages(self, number: int) -> Iterator[LogPage]:
        holding = _PAGES.some(
            columns=_PAGE_COLUMNS,
            order_by="first_line",
            is_ascending=False,
            limit=1,
            where={"name": self._name, "first_line": q.less_than_or_equal_to(number)},
        )
        for row in holding:
            yield _page(row)
        rows = _PAGES.search(
            columns=_PAGE_COLUMNS,
            order_by="first_line",
            page=_READ_AT_ONCE,
            where={"name": self._name, "first_line": q.greater_than(number)},
        )
        yield from map(_page, rows)


def _find(key: AttemptKey, job_id: int) -> _Stored | None:
    row = _LOGS.first(
        columns=("name", "total_lines", "total_bytes"),
        where={"log": f"{attempt_key(key)}|{job_id}", "is_whole": True},
    )
    if row is None:
        return None
    return _Stored(row["name"], LogSize(int(row["total_lines"]), int(row["total_bytes"])))


def _pack_pages(name: str, log: BinaryIO, sizes: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Pack a log's pages, one after the other; ``sizes`` grow with them."""
    for page in cut_pages(log):
        content = base64.b64encode(zlib.compress(page.content, _FASTEST)).decode()
        sizes["total_lines"] += page.line_count
        sizes["total_bytes"] += len(page.content)
        sizes["stored_bytes"] += len(content)
        yield {
            "key": f"{name}|{page.first}",
            "name": name,
            "first_line": page.first,
            "line_count": page.line_count,
            "content": content,
        }


def _page(row: Any) -> LogPage:  # noqa: ANN401 - a row
    content = zlib.decompress(base64.b64decode(row["content"]))
    return LogPage(first=int(row["first_line"]), line_count=int(row["line_count"]), content=content)


def _drop(names: list[str]) -> None:
    if names:
        _PAGES.delete_by("name", names)
        _LOGS.delete_by("name", names)
