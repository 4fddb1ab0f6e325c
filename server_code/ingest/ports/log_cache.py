"""What the pages need of a cache of logs, which they read by lines, long ones in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, Protocol

from ..domain.log_cache import (
    CompressedLog,
    CompressedPage,
    compress_page,
)
from ..domain.log_outline import LogOutline, pack_outline, read_outline, unpack_outline
from ..domain.log_pages import (
    LogLines,
    LogMatches,
    LogPage,
    LogSize,
    PageCutter,
    pick_lines,
    pick_part,
    read_pages,
    search_pages,
)
from ..domain.log_states import JobLogId
from ..domain.runs import AttemptKey
from ..domain.stored_records import normalized_attempt_key

#: A larger log is not cached: it is fetched again each time a person opens it.
MAX_CACHED_LOG_BYTES = 256 * 1024 * 1024

#: How many compressed bytes are written at once. Nearly all logs are smaller.
MAX_WRITE_BYTES = 1400 * 1024


class StoredLog(Protocol):
    """A complete log in the store."""

    size: LogSize

    def find_page(self, part: int) -> LogPage | None:
        """Find the page with a part, counted in the log from 1; None if the page is gone."""

    def load_outline(self) -> bytes | None:
        """Load the packed outline; None if there is none."""


class LogWriter(Protocol):
    """A log that is being written into the store, under a name of its own."""

    def add_pages(self, pages: Sequence[CompressedPage]) -> None:
        """Write the next pages; no reader sees them yet."""

    def finish(self, pages: Sequence[CompressedPage], size: LogSize, outline: bytes) -> None:
        """Write the last pages, replace the earlier log of the job, and evict the oldest logs."""


class LogPageStore(Protocol):
    """A store of logs' pages. Any method may raise StateUnavailable."""

    def new_log(self, job: JobLogId, now: datetime) -> LogWriter:
        """Begin to write a log."""

    def add_logs(self, logs: Sequence[CompressedLog], now: datetime) -> None:
        """Replace jobs' earlier logs, all at once if the store can, and evict the oldest."""

    def find_log(self, job: JobLogId) -> StoredLog | None:
        """Find the complete log of a job; None if there is none."""


class LogCache:
    """The newest logs in pages, bounded by count and bytes; the oldest is evicted first.

    A method that reads returns None for a log that is not cached. Any may raise StateUnavailable.
    """

    def __init__(self, pages: LogPageStore) -> None:
        self._pages = pages

    def save_log(
        self, key: AttemptKey, job_id: int, log: BinaryIO, outline: LogOutline, now: datetime
    ) -> None:
        """Cache a log, read from its current position in constant memory, and its outline.

        It replaces the cached log of the job completely, or not at all.
        """
        writer = self._pages.new_log((*normalized_attempt_key(key), job_id), now)
        portion: list[CompressedPage] = []
        portion_bytes = 0
        cutter = PageCutter()
        for page in cutter.cut(log):
            packed = compress_page(page)
            if portion and portion_bytes + len(packed.content) > MAX_WRITE_BYTES:
                writer.add_pages(portion)
                portion, portion_bytes = [], 0
            portion.append(packed)
            portion_bytes += len(packed.content)
        writer.finish(portion, cutter.size(), pack_outline(outline))

    def save_logs(self, logs: Sequence[CompressedLog], now: datetime) -> None:
        """Cache several small logs like ``save_log``, with as few requests as possible."""
        self._pages.add_logs(logs, now)

    def load_lines(self, key: AttemptKey, job_id: int, first: int, count: int) -> LogLines | None:
        """Load ``count`` lines from line ``first`` (from 1) on; fewer if they are very long."""
        log = self._find(key, job_id)
        return None if log is None else pick_lines(log.find_page, log.size, first, count)

    def load_part(self, key: AttemptKey, job_id: int, line: int, part: int) -> bytes | None:
        """Load one part of a line (from 1 in the line); empty if the line has no such part."""
        log = self._find(key, job_id)
        return None if log is None else pick_part(log.find_page, log.size, line, part)

    def load_outline(self, key: AttemptKey, job_id: int) -> LogOutline | None:
        """Load the outline of a log; for a log that release 0.1 cached, read it from the log."""
        log = self._find(key, job_id)
        if log is None:
            return None
        packed = log.load_outline()
        if packed is None:
            return read_outline(read_pages(log.find_page, log.size))
        return unpack_outline(packed)

    def find_lines(
        self, key: AttemptKey, job_id: int, text: str, after: int = 0
    ) -> LogMatches | None:
        """Find the next lines behind ``after`` that hold a text, 1,000 at most.

        The case of ASCII letters does not matter. A long log is searched in several calls.
        """
        log = self._find(key, job_id)
        return None if log is None else search_pages(log.find_page, log.size, text, after)

    def load_content(self, key: AttemptKey, job_id: int) -> Iterator[bytes] | None:
        """Load the whole log in chunks, byte for byte.

        Reading raises StateUnavailable if the log is evicted before its end is read.
        """
        log = self._find(key, job_id)
        return None if log is None else read_pages(log.find_page, log.size)

    def _find(self, key: AttemptKey, job_id: int) -> StoredLog | None:
        return self._pages.find_log((*normalized_attempt_key(key), job_id))
