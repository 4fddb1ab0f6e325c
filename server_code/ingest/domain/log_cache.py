"""Logs as compressed pages, as a cache stores them, and which of them it evicts.

A page holds parts: lines, and pieces of lines that are too long for one (``log_pages.py``).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import starmap

from .due import is_in_future
from .log_outline import LogOutline, pack_outline
from .log_pages import LogPage, LogSize, LongLine, cut_log
from .log_states import JobLogId
from .runs import AttemptKey
from .stored_records import normalized_attempt_key

#: What a cache holds before the oldest logs go; bytes are counted as they are stored.
MAX_CACHED_LOGS = 1000
MAX_CACHED_BYTES = 512 * 1024 * 1024

#: Logs are evicted when the limit is exceeded by this factor, not for each one too many, because
#: all are read to find the oldest.
EVICTION_SLACK = 1.05

_MAX_WRITING_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CompressedPage:
    """A page of a log, compressed."""

    first_part: int
    part_count: int
    content: bytes

    def decompress(self) -> LogPage:
        """Return the page."""
        content = zlib.decompress(self.content)
        return LogPage(first_part=self.first_part, part_count=self.part_count, content=content)


@dataclass(frozen=True, slots=True)
class EvictionCandidate:
    """A cached log; ``unfinished_since``: when its writing began, None once it is complete."""

    name: str
    stored_bytes: int
    unfinished_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedLog:
    """A whole log as it is stored."""

    job: JobLogId
    pages: tuple[CompressedPage, ...]
    size: LogSize
    outline: bytes


def compress_log(
    key: AttemptKey, job_id: int, content: bytes, outline: LogOutline
) -> CompressedLog:
    """Cut and compress a log."""
    pages, size = cut_log(content)
    return CompressedLog(
        job=(*normalized_attempt_key(key), job_id),
        pages=tuple(map(compress_page, pages)),
        size=size,
        outline=pack_outline(outline),
    )


def compress_page(page: LogPage) -> CompressedPage:
    """Compress a page."""
    return CompressedPage(
        page.first_part, page.part_count, zlib.compress(page.content, zlib.Z_BEST_SPEED)
    )


def is_abandoned(unfinished_since: datetime | None, now: datetime) -> bool:
    """Return whether the writer of an unfinished log was killed."""
    if unfinished_since is None:
        return False
    return unfinished_since < now - _MAX_WRITING_TIME or is_in_future(unfinished_since, now)


def choose_kept_and_evicted(
    newest_first: Iterable[EvictionCandidate], *, max_logs: int, max_bytes: int, now: datetime
) -> tuple[list[EvictionCandidate], list[str]]:
    """Return the complete logs that stay, and the names of the logs that are evicted.

    Evicted are the oldest logs beyond the limits, and logs that were not completed within an hour,
    because their writer was killed.
    """
    kept: list[EvictionCandidate] = []
    evicted: list[str] = []
    log_count = stored_bytes = 0
    for log in newest_first:
        if log.unfinished_since is not None:
            if is_abandoned(log.unfinished_since, now):
                evicted.append(log.name)
            continue
        log_count, stored_bytes = log_count + 1, stored_bytes + log.stored_bytes
        if log_count > max_logs or stored_bytes > max_bytes:
            evicted.append(log.name)
        else:
            kept.append(log)
    return kept, evicted


def format_long_lines(size: LogSize) -> str:
    """Write the lines of several parts as JSON."""
    return json.dumps(size.long_lines)


def parse_long_lines(written: str | None) -> tuple[LongLine, ...]:
    """Read the result of ``format_long_lines``; release 0.1 wrote none, counting parts as lines."""
    return tuple(starmap(LongLine, json.loads(written or "[]")))
