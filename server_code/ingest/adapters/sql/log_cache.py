"""Pages of logs in SQL.

A log is written in short transactions, and becomes visible with the last of them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from ...domain.log_cache import (
    EVICTION_SLACK,
    MAX_CACHED_BYTES,
    MAX_CACHED_LOGS,
    CompressedLog,
    CompressedPage,
    EvictionCandidate,
    choose_kept_and_evicted,
    format_long_lines,
    is_abandoned,
    parse_long_lines,
)
from ...domain.log_pages import LogPage, LogSize
from ...domain.log_states import JobLogId
from ...domain.stored_values import format_time, parse_optional_time, parse_time
from ...ports.log_cache import LogPageStore
from .database import Database
from .session import Row, Session

#: Columns keep the names of release 0.1: ``first_line`` and ``line_count`` count parts of lines
#: (a long line has several), ``marks`` is the outline.
_ADD_PAGE = "INSERT INTO log_pages (log_name, first_line, line_count, content) VALUES (...)"
_ADD_LOG = """
    INSERT INTO cached_logs (log_name, repository_key, run_id, run_attempt, job_id, saved_at,
                             is_whole, total_lines, total_bytes, stored_bytes, long_lines, marks)
    VALUES (...)
"""
_FINISH = """
    UPDATE cached_logs SET total_lines = ?, total_bytes = ?, stored_bytes = ?, long_lines = ?,
                           marks = ?, is_whole = 1
    WHERE log_name = ?
"""
_SELECT_LOG = """
    SELECT log_name, total_lines, total_bytes, long_lines FROM cached_logs
    WHERE repository_key = ? AND run_id = ? AND run_attempt = ? AND job_id = ? AND is_whole = 1
"""
_SELECT_PAGE = """
    SELECT first_line, line_count, content FROM log_pages
    WHERE log_name = ? AND first_line <= ? ORDER BY first_line DESC LIMIT 1
"""
_SELECT_LOGS = """
    SELECT log_name, stored_bytes, CASE WHEN is_whole = 0 THEN saved_at END FROM cached_logs
    ORDER BY saved_at DESC, log_name
"""
_SELECT_EARLIER = """
    SELECT log_name, run_id, run_attempt, job_id FROM cached_logs
    WHERE is_whole = 1 AND repository_key = ? AND run_id IN (...)
"""
_SELECT_TOTALS = """
    SELECT COALESCE(SUM(is_whole), 0), COALESCE(SUM(is_whole * stored_bytes), 0),
           MIN(CASE WHEN is_whole = 0 THEN saved_at END)
    FROM cached_logs
"""


class SqlLogPageStore(LogPageStore):
    """Pages of logs in the database that holds the state."""

    def __init__(
        self,
        database: Database,
        *,
        max_logs: int = MAX_CACHED_LOGS,
        max_bytes: int = MAX_CACHED_BYTES,
    ) -> None:
        self.database = database
        self._max_logs = max_logs
        self._max_bytes = max_bytes

    def new_log(self, job: JobLogId, now: datetime) -> _LogWriter:
        """Begin to write a log."""
        return _LogWriter(self, job, now)

    def add_logs(self, logs: Sequence[CompressedLog], now: datetime) -> None:
        """Write whole logs in one transaction; of two logs of a job, the last one stays."""
        newest = {log.job: (_new_name(now), log) for log in logs}
        if not newest:
            return
        rows = [
            (
                *(name, *job, format_time(now), 1),
                *_columns(log.size, _stored_bytes(log.pages), log.outline),
            )
            for job, (name, log) in newest.items()
        ]
        pages = [row for name, log in newest.values() for row in _page_rows(name, log.pages)]

        def add(session: Session) -> None:
            replaced = _log_names_of_jobs(session, newest)
            session.insert(_ADD_LOG, rows)
            session.insert(_ADD_PAGE, pages)
            _delete(session, replaced)
            self.evict(session, now)

        self.database.write(add)

    def find_log(self, job: JobLogId) -> _StoredLog | None:
        """Find the whole log of a job."""
        rows = self.database.read(_SELECT_LOG, job)
        if not rows:
            return None
        name, total_lines, total_bytes, long_lines = rows[0]
        size = LogSize(total_lines, total_bytes, parse_long_lines(long_lines))
        return _StoredLog(self.database, name, size)

    def evict(self, session: Session, now: datetime) -> None:
        """Sum up all logs; delete the oldest beyond the limits, and those that never ended."""
        count, size, unfinished_since = session.query(_SELECT_TOTALS)[0]
        has_too_many = count > self._max_logs * EVICTION_SLACK
        is_full = has_too_many or size > self._max_bytes * EVICTION_SLACK
        if not is_full and not is_abandoned(unfinished_since and parse_time(unfinished_since), now):
            return
        logs = (
            EvictionCandidate(name, stored_bytes, parse_optional_time(unfinished_since))
            for name, stored_bytes, unfinished_since in session.query(_SELECT_LOGS)
        )
        limits = {"max_logs": self._max_logs, "max_bytes": self._max_bytes}
        _, evicted = choose_kept_and_evicted(logs, **limits, now=now)
        _delete(session, evicted)


class _LogWriter:
    def __init__(self, page_store: SqlLogPageStore, job: JobLogId, now: datetime) -> None:
        self._page_store = page_store
        self._job = job
        self._now = now
        self._name = _new_name(now)
        self._is_begun = False
        self._stored_bytes = 0

    def add_pages(self, pages: Sequence[CompressedPage]) -> None:
        """Write the next pages in a transaction."""

        def add(session: Session) -> None:
            if not self._is_begun:
                self._add_log(session, (0, 0, 0, 0, None, None))
            self._add_pages(session, pages)

        self._page_store.database.write(add)
        self._is_begun = True
        self._stored_bytes += _stored_bytes(pages)

    def finish(self, pages: Sequence[CompressedPage], size: LogSize, outline: bytes) -> None:
        """Write the last pages, show the log in place of the earlier one, and evict."""
        stored_bytes = self._stored_bytes + _stored_bytes(pages)
        columns = _columns(size, stored_bytes, outline)

        def finish(session: Session) -> None:
            replaced = [row[0] for row in session.query(_SELECT_LOG, self._job)]
            if not self._is_begun:
                self._add_log(session, (1, *columns))
            elif not session.execute(_FINISH, (*columns, self._name)):
                _delete(session, [self._name])  # it was evicted meanwhile, as if abandoned
                return
            self._add_pages(session, pages)
            _delete(session, replaced)
            self._page_store.evict(session, self._now)

        self._page_store.database.write(finish)

    def _add_log(self, session: Session, columns: Row) -> None:
        session.insert(_ADD_LOG, [(self._name, *self._job, format_time(self._now), *columns)])

    def _add_pages(self, session: Session, pages: Sequence[CompressedPage]) -> None:
        session.insert(_ADD_PAGE, _page_rows(self._name, pages))


class _StoredLog:
    def __init__(self, database: Database, name: str, size: LogSize) -> None:
        self.size = size
        self._database = database
        self._name = name

    def find_page(self, part: int) -> LogPage | None:
        """Find the page that holds a part; None where it is gone."""
        for first, count, content in self._database.read(_SELECT_PAGE, (self._name, part)):
            return CompressedPage(first, count, content).decompress()
        return None

    def load_outline(self) -> bytes | None:
        """Load the packed outline (groups, errors, warnings); None where there is none."""
        sql = "SELECT marks FROM cached_logs WHERE log_name = ?"
        rows = self._database.read(sql, (self._name,))
        return None if not rows or rows[0][0] is None else bytes(rows[0][0])


def _new_name(now: datetime) -> str:
    """Return a unique name; names sort by time, because databases append fastest."""
    return f"{int(now.timestamp() * 1000):012x}{os.urandom(10).hex()}"


def _columns(size: LogSize, stored_bytes: int, outline: bytes) -> Row:
    """Return the columns that are known once a log is whole."""
    return (size.total_lines, size.total_bytes, stored_bytes, format_long_lines(size), outline)


def _page_rows(name: str, pages: Sequence[CompressedPage]) -> list[Row]:
    return [(name, page.first_part, page.part_count, page.content) for page in pages]


def _stored_bytes(pages: Sequence[CompressedPage]) -> int:
    return sum(len(page.content) for page in pages)


def _log_names_of_jobs(session: Session, jobs: Collection[JobLogId]) -> list[str]:
    """Return the names of the whole logs of jobs."""
    runs: dict[str, set[int]] = defaultdict(set)
    for repository, run_id, _, _ in jobs:
        runs[repository].add(run_id)
    names = []
    for repository in sorted(runs):
        rows = session.query_in_chunks(_SELECT_EARLIER, (repository,), sorted(runs[repository]))
        names += [name for name, *job in rows if (repository, *job) in jobs]
    return names


def _delete(session: Session, names: Sequence[str]) -> None:
    for table in ("cached_logs", "log_pages"):
        sql = f"DELETE FROM {table} WHERE log_name IN (...)"  # noqa: S608 - constants
        session.execute_in_chunks(sql, sorted(names))
