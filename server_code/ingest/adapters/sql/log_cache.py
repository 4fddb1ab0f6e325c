"""The newest logs in SQL: compressed pages, so that a few lines cost a few pages.

A log is written in several short transactions under a name of its own, and becomes visible with
the last of them; what a killed process left half written goes an hour later.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import BinaryIO

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
from ...domain.stored_records import attempt_id
from ...domain.stored_values import write_time
from ...ports import LogCache
from ...ports.logs import MOST_CACHED_BYTES, MOST_CACHED_LOGS
from .database import Database
from .session import Session

#: Uncompressed; so long others wait for this log at most. Nearly all logs are one transaction.
_WRITE_BYTES = 4 * 1024 * 1024
_UNFINISHED_KEPT = timedelta(hours=1)
_FASTEST = 1

_ADD_PAGE = "INSERT INTO log_pages (log_name, first_line, line_count, content) VALUES (...)"
_ADD_LOG = """
    INSERT INTO cached_logs (log_name, repository_key, run_id, run_attempt, job_id, saved_at,
                             total_lines, total_bytes, stored_bytes, is_whole)
    VALUES (...)
"""
_FINISH = """
    UPDATE cached_logs SET total_lines = ?, total_bytes = ?, stored_bytes = ?, is_whole = 1
    WHERE log_name = ?
"""
_SELECT_LOG = """
    SELECT log_name, total_lines, total_bytes FROM cached_logs
    WHERE repository_key = ? AND run_id = ? AND run_attempt = ? AND job_id = ? AND is_whole = 1
"""
_SELECT_PAGE = """
    SELECT first_line, line_count, content FROM log_pages
    WHERE log_name = ? AND first_line <= ? ORDER BY first_line DESC LIMIT 1
"""
_SELECT_AGES = """
    SELECT log_name, stored_bytes FROM cached_logs
    WHERE is_whole = 1 ORDER BY saved_at DESC, log_name
"""
_SELECT_UNFINISHED = "SELECT log_name FROM cached_logs WHERE is_whole = 0 AND saved_at < ?"


class SqlLogCache(LogCache):
    """Keep logs in the database that holds the state."""

    def __init__(
        self,
        database: Database,
        *,
        most_logs: int = MOST_CACHED_LOGS,
        most_bytes: int = MOST_CACHED_BYTES,
    ) -> None:
        self._database = database
        self._most_logs = most_logs
        self._most_bytes = most_bytes

    def save_log(self, key: AttemptKey, job_id: int, log: BinaryIO, now: datetime) -> None:
        """Keep a log in place of the one kept for that job; the oldest go where they must."""
        draft = _Draft((*attempt_id(key), job_id), now)
        for page in cut_pages(log):
            if draft.is_large:
                self._database.write(draft.write)
                draft.empty()
            draft.add(page)

        def finish(session: Session) -> None:
            before = session.query(_SELECT_LOG, draft.job)
            draft.write(session)
            draft.finish(session)
            _drop(session, before)
            self._evict(session, now)

        self._database.write(finish)

    def load_lines(self, key: AttemptKey, job_id: int, first: int, count: int) -> LogLines | None:
        """Load lines of a log that is kept, page by page."""
        found = self._find(key, job_id)
        return None if found is None else pick_lines(found.find_page, found.size, first, count)

    def find_lines(
        self, key: AttemptKey, job_id: int, text: str, after: int = 0
    ) -> list[int] | None:
        """Find the lines of a log that hold a text, page by page."""
        found = self._find(key, job_id)
        return None if found is None else search_pages(found.find_page, found.size, text, after)

    def load_content(self, key: AttemptKey, job_id: int) -> Iterator[bytes] | None:
        """Load a whole log, page by page."""
        found = self._find(key, job_id)
        return None if found is None else read_pages(found.find_page, found.size)

    def _find(self, key: AttemptKey, job_id: int) -> _Stored | None:
        rows = self._database.read(_SELECT_LOG, (*attempt_id(key), job_id))
        return _Stored(self._database, *rows[0]) if rows else None

    def _evict(self, session: Session, now: datetime) -> None:
        """Drop the oldest logs that are too many, and what was never finished."""
        doomed, logs, stored = [], 0, 0
        for name, stored_bytes in session.query(_SELECT_AGES):
            logs, stored = logs + 1, stored + stored_bytes
            if logs > self._most_logs or stored > self._most_bytes:
                doomed.append((name,))
        _drop(session, doomed)
        _drop(session, session.query(_SELECT_UNFINISHED, (write_time(now - _UNFINISHED_KEPT),)))


class _Draft:
    """Gather the pages of one log on their way into the database."""

    def __init__(self, job: tuple[str, int, int, int], now: datetime) -> None:
        self.job = job
        self._name = uuid.uuid4().hex
        self._saved_at = write_time(now)
        self._pages: list[tuple[str, int, int, bytes]] = []
        self._unwritten_bytes = 0
        self._is_begun = False
        self._total_lines = self._total_bytes = self._stored_bytes = 0

    @property
    def is_large(self) -> bool:
        return self._unwritten_bytes >= _WRITE_BYTES

    def add(self, page: LogPage) -> None:
        packed = zlib.compress(page.content, _FASTEST)
        self._pages.append((self._name, page.first, page.line_count, packed))
        self._unwritten_bytes += len(page.content)
        self._total_lines += page.line_count
        self._total_bytes += len(page.content)
        self._stored_bytes += len(packed)

    def write(self, session: Session) -> None:
        """Write what was gathered; may be repeated until ``empty`` says that it is written."""
        if not self._is_begun:
            session.insert(_ADD_LOG, [(self._name, *self.job, self._saved_at, 0, 0, 0, 0)])
        for page in self._pages:
            session.insert(_ADD_PAGE, [page])

    def empty(self) -> None:
        self._pages.clear()
        self._unwritten_bytes = 0
        self._is_begun = True

    def finish(self, session: Session) -> None:
        """Make the log visible."""
        sizes = (self._total_lines, self._total_bytes, self._stored_bytes)
        session.execute(_FINISH, (*sizes, self._name))


class _Stored:
    """Read the pages of one log."""

    def __init__(self, database: Database, name: str, total_lines: int, total_bytes: int) -> None:
        self.size = LogSize(total_lines, total_bytes)
        self._database = database
        self._name = name

    def find_page(self, number: int) -> LogPage | None:
        for first, line_count, packed in self._database.read(_SELECT_PAGE, (self._name, number)):
            return LogPage(first=first, line_count=line_count, content=zlib.decompress(packed))
        return None


def _drop(session: Session, rows: Sequence[Sequence[object]]) -> None:
    names = sorted(str(row[0]) for row in rows)
    for table in ("cached_logs", "log_pages"):
        session.execute_each(f"DELETE FROM {table} WHERE log_name IN (...)", (), names)  # noqa: S608 (constants)
