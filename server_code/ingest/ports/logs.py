"""What the pages need of a cache of logs, which they read line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, Protocol

from ..domain.log_cache import LogToCache
from ..domain.log_outline import LogOutline
from ..domain.log_pages import LogLines, LogMatches
from ..domain.runs import AttemptKey

#: A larger log is not cached: each time a person opens it, it is fetched again.
MAX_CACHED_LOG_BYTES = 256 * 1024 * 1024


class LogCache(Protocol):
    """The newest logs in pages, bounded by count and bytes; the oldest is evicted first.

    A method that reads returns None for a log that is not cached. Any may raise StateUnavailable.
    """

    def save_log(
        self, key: AttemptKey, job_id: int, log: BinaryIO, outline: LogOutline, now: datetime
    ) -> None:
        """Cache a log, read from its current position in constant memory, and its outline.

        It replaces the cached log of the job completely, or not at all.
        """

    def save_logs(self, logs: Sequence[LogToCache], now: datetime) -> None:
        """Cache several small logs as ``save_log`` does one, with as few requests as possible."""

    def load_lines(self, key: AttemptKey, job_id: int, first: int, count: int) -> LogLines | None:
        """Load ``count`` lines from line ``first`` (from 1) on; fewer where they are very long."""

    def load_part(self, key: AttemptKey, job_id: int, line: int, part: int) -> bytes | None:
        """Load one part (from 1) of a line; nothing where the line has no such part."""

    def load_outline(self, key: AttemptKey, job_id: int) -> LogOutline | None:
        """Load the outline of a log."""

    def find_lines(
        self, key: AttemptKey, job_id: int, text: str, after: int = 0
    ) -> LogMatches | None:
        """Find the next lines behind ``after`` that hold a text, 1,000 at most.

        The case of ASCII letters does not matter. A long log is searched in several calls.
        """

    def load_content(self, key: AttemptKey, job_id: int) -> Iterator[bytes] | None:
        """Load the whole log in chunks, byte for byte.

        Reading raises StateUnavailable where the log leaves the cache before its end.
        """
