"""A cache of the newest logs in compressed pages, over a store that keeps the pages.

A page holds parts: lines, and pieces of lines that are too long for one (``log_pages.py``).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import BinaryIO, Protocol

from .due import is_in_future
from .log_outline import LogOutline, pack_outline, read_outline, unpack_outline
from .log_pages import (
    LogLines,
    LogMatches,
    LogPage,
    LogSize,
    LongLine,
    PageCutter,
    pick_lines,
    pick_part,
    read_pages,
    search_pages,
    single_page,
)
from .log_states import JobLogId
from .runs import AttemptKey
from .stored_records import normalized_attempt_key

#: What a cache holds before the oldest logs go; bytes are counted as they are stored.
MAX_CACHED_LOGS = 1000
MAX_CACHED_BYTES = 512 * 1024 * 1024

#: Logs are evicted when the limit is exceeded by this factor, not for each one too many, because
#: all are read to find the oldest.
EVICTION_SLACK = 1.05

#: Compressed bytes that are written at once. Nearly all logs are smaller.
MAX_WRITE_BYTES = 1400 * 1024

_UNFINISHED_KEPT = timedelta(hours=1)
_FASTEST = 1


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page of a log, compressed."""

    first_part: int
    part_count: int
    content: bytes

    def unpack(self) -> LogPage:
        """Return the page."""
        content = zlib.decompress(self.content)
        return LogPage(first_part=self.first_part, part_count=self.part_count, content=content)


@dataclass(frozen=True, slots=True)
class EvictionCandidate:
    """A log in the cache that may have to go; ``unfinished_since``: it is still being written."""

    name: str
    stored_bytes: int
    unfinished_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogToCache:
    """A log, held in memory, that is to be saved in the cache."""

    key: AttemptKey
    job_id: int
    content: bytes
    outline: LogOutline


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedLog:
    """A whole log as it is stored."""

    job: JobLogId
    pages: tuple[PackedPage, ...]
    size: LogSize
    outline: bytes


class StoredLog(Protocol):
    """A whole log in the store."""

    size: LogSize

    def find_page(self, part: int) -> LogPage | None:
        """Find the page that holds a part; None where it is gone."""

    def load_outline(self) -> bytes | None:
        """Load the packed outline; None where there is none."""


class LogWriter(Protocol):
    """A log on its way into the store, under a name of its own."""

    def add_pages(self, pages: Sequence[PackedPage]) -> None:
        """Write the next pages; nobody sees them yet."""

    def finish(self, pages: Sequence[PackedPage], size: LogSize, outline: bytes) -> None:
        """Write the last pages, show the log in place of the earlier one, and evict."""


class LogPageStore(Protocol):
    """A store of logs' pages. Any method may raise StateUnavailable."""

    def new_log(self, job: JobLogId, now: datetime) -> LogWriter:
        """Begin to write a log."""

    def add_logs(self, logs: Sequence[PackedLog], now: datetime) -> None:
        """Write whole logs in place of the earlier ones, at once where the store can, and evict."""

    def find_log(self, job: JobLogId) -> StoredLog | None:
        """Find the whole log of a job."""


class PagedLogCache:
    """A cache of logs over a LogPageStore."""

    def __init__(self, pages: LogPageStore) -> None:
        self._pages = pages

    def save_log(
        self, key: AttemptKey, job_id: int, log: BinaryIO, outline: LogOutline, now: datetime
    ) -> None:
        """Keep a log in place of the one kept for that job; the oldest go where they must."""
        writer = self._pages.new_log((*normalized_attempt_key(key), job_id), now)
        portion: list[PackedPage] = []
        portion_bytes = 0
        cutter = PageCutter()
        for page in cutter.cut(log):
            packed = _compressed(page)
            if portion and portion_bytes + len(packed.content) > MAX_WRITE_BYTES:
                writer.add_pages(portion)
                portion, portion_bytes = [], 0
            portion.append(packed)
            portion_bytes += len(packed.content)
        writer.finish(portion, cutter.size(), pack_outline(outline))

    def save_logs(self, logs: Sequence[LogToCache], now: datetime) -> None:
        """Keep several small logs, with one transaction where the store has them."""
        self._pages.add_logs(list(map(_packed, logs)), now)

    def load_lines(self, key: AttemptKey, job_id: int, first: int, count: int) -> LogLines | None:
        """Load lines of a log that is kept, page by page."""
        found = self._find(key, job_id)
        return None if found is None else pick_lines(found.find_page, found.size, first, count)

    def load_part(self, key: AttemptKey, job_id: int, line: int, part: int) -> bytes | None:
        """Load one part of a line."""
        found = self._find(key, job_id)
        return None if found is None else pick_part(found.find_page, found.size, line, part)

    def load_outline(self, key: AttemptKey, job_id: int) -> LogOutline | None:
        """Load the outline of a log; that of a log that release 0.1 cached is read again."""
        found = self._find(key, job_id)
        if found is None:
            return None
        packed = found.load_outline()
        if packed is None:
            return read_outline(read_pages(found.find_page, found.size))
        return unpack_outline(packed)

    def find_lines(
        self, key: AttemptKey, job_id: int, text: str, after: int = 0
    ) -> LogMatches | None:
        """Find the next lines of a log that hold a text, page by page."""
        found = self._find(key, job_id)
        return None if found is None else search_pages(found.find_page, found.size, text, after)

    def load_content(self, key: AttemptKey, job_id: int) -> Iterator[bytes] | None:
        """Load a whole log, page by page."""
        found = self._find(key, job_id)
        return None if found is None else read_pages(found.find_page, found.size)

    def _find(self, key: AttemptKey, job_id: int) -> StoredLog | None:
        return self._pages.find_log((*normalized_attempt_key(key), job_id))


def _packed(log: LogToCache) -> PackedLog:
    """Cut and compress a log."""
    pages, size = _cut(log.content)
    return PackedLog(
        job=(*normalized_attempt_key(log.key), log.job_id),
        pages=tuple(map(_compressed, pages)),
        size=size,
        outline=pack_outline(log.outline),
    )


def _cut(log: bytes) -> tuple[list[LogPage], LogSize]:
    only = single_page(log)
    if only is not None:
        return [only[0]], only[1]
    cutter = PageCutter()
    return list(cutter.cut(BytesIO(log))), cutter.size()


def _compressed(page: LogPage) -> PackedPage:
    return PackedPage(page.first_part, page.part_count, zlib.compress(page.content, _FASTEST))


def is_abandoned(unfinished_since: datetime | None, now: datetime) -> bool:
    """Return whether the writer of an unfinished log was killed."""
    if unfinished_since is None:
        return False
    return unfinished_since < now - _UNFINISHED_KEPT or is_in_future(unfinished_since, now)


def select_evicted(
    newest_first: Iterable[EvictionCandidate], *, max_logs: int, max_bytes: int, now: datetime
) -> tuple[list[EvictionCandidate], list[str]]:
    """Return the whole logs that stay, and the names of those that go.

    The oldest that are too many go, and what was not finished within an hour: its writer was
    killed.
    """
    kept: list[EvictionCandidate] = []
    evicted: list[str] = []
    logs = stored_bytes = 0
    for log in newest_first:
        if log.unfinished_since is not None:
            if is_abandoned(log.unfinished_since, now):
                evicted.append(log.name)
            continue
        logs, stored_bytes = logs + 1, stored_bytes + log.stored_bytes
        if logs > max_logs or stored_bytes > max_bytes:
            evicted.append(log.name)
        else:
            kept.append(log)
    return kept, evicted


def format_long_lines(size: LogSize) -> str:
    """Write the lines of several parts as JSON."""
    return json.dumps([[line.number, line.part_count] for line in size.long_lines])


def parse_long_lines(written: str | None) -> tuple[LongLine, ...]:
    """Read what ``format_long_lines`` wrote; release 0.1 counted parts as lines and wrote none."""
    return tuple(LongLine(number, parts) for number, parts in json.loads(written or "[]"))
