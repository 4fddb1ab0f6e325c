"""The newest logs in memory."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from ...domain.log_pages import (
    LogLines,
    LogPage,
    LogSize,
    cut_pages,
    measure_pages,
    pick_lines,
    search_pages,
)
from ...domain.runs import AttemptKey
from ...ports import LogCache
from ...ports.logs import MOST_CACHED_BYTES, MOST_CACHED_LOGS
from .tables import attempt_id

LogId = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Be one log: its pages' first lines and compressed contents."""

    saved_at: datetime
    size: LogSize
    pages: tuple[tuple[int, int, bytes], ...]

    @property
    def stored_bytes(self) -> int:
        return sum(len(packed) for _, _, packed in self.pages)

    def find_page(self, number: int) -> LogPage | None:
        for first, line_count, packed in self.pages:
            if first <= number < first + line_count:
                return LogPage(first=first, line_count=line_count, content=zlib.decompress(packed))
        return None


class MemoryLogCache(LogCache):
    """Keep logs while the process lives; safe for threads."""

    def __init__(
        self, *, most_logs: int = MOST_CACHED_LOGS, most_bytes: int = MOST_CACHED_BYTES
    ) -> None:
        self._most_logs = most_logs
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._logs: dict[LogId, _Kept] = {}

    def save_log(self, key: AttemptKey, job_id: int, log: BinaryIO, now: datetime) -> None:
        """Keep a log in place of the one kept for that job; the oldest go where they must."""
        sizes: list[LogSize] = []
        pages: list[tuple[int, int, bytes]] = []
        for page in cut_pages(log):
            sizes.append(measure_pages([page]))
            pages.append((page.first, page.line_count, zlib.compress(page.content, 1)))
        size = LogSize(
            sum(each.total_lines for each in sizes), sum(each.total_bytes for each in sizes)
        )
        kept = _Kept(saved_at=now, size=size, pages=tuple(pages))
        with self._lock:
            self._logs.pop(_log_id(key, job_id), None)
            self._logs[_log_id(key, job_id)] = kept
            self._evict()

    def load_lines(self, key: AttemptKey, job_id: int, first: int, count: int) -> LogLines | None:
        """Load lines of a log that is kept."""
        kept = self._find(key, job_id)
        return None if kept is None else pick_lines(kept.find_page, kept.size, first, count)

    def find_lines(
        self, key: AttemptKey, job_id: int, text: str, after: int = 0
    ) -> list[int] | None:
        """Find the lines of a log that hold a text."""
        kept = self._find(key, job_id)
        return None if kept is None else search_pages(kept.find_page, kept.size, text, after)

    def load_content(self, key: AttemptKey, job_id: int) -> Iterator[bytes] | None:
        """Load a whole log, page by page."""
        kept = self._find(key, job_id)
        return None if kept is None else (zlib.decompress(packed) for _, _, packed in kept.pages)

    def _find(self, key: AttemptKey, job_id: int) -> _Kept | None:
        with self._lock:
            return self._logs.get(_log_id(key, job_id))

    def _evict(self) -> None:
        """Let the oldest go; of two logs of one moment, the one that was saved first."""
        stored = sum(kept.stored_bytes for kept in self._logs.values())
        for log_id, kept in sorted(self._logs.items(), key=lambda item: item[1].saved_at):
            if len(self._logs) <= self._most_logs and stored <= self._most_bytes:
                return
            del self._logs[log_id]
            stored -= kept.stored_bytes


def _log_id(key: AttemptKey, job_id: int) -> LogId:
    return (*attempt_id(key), job_id)
