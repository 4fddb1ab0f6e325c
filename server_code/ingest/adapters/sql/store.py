"""The whole state in SQL, opened by a database URL."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ...errors import BadSettings
from ...ports import LogCache, StateStore
from .attempts import SqlAttempts
from .coordination import SqlCoordination
from .database import Database
from .decoded_rows import DecodedRows
from .dialect import Dialect
from .errors_and_activities import SqlErrorsAndActivities
from .job_logs import SqlJobLogs
from .log_cache import SqlLogPageStore
from .migrate import migrate
from .repositories import SqlRepositories, repository_record
from .run_hints import SqlRunHints
from .run_summaries import SqlRunSummaries, decode_run_summary
from .saved_counters import SqlSavedCounters
from .sources import SqlSources
from .sqlite import sqlite_dialect

_SQLITE = "sqlite://"
_POSTGRES = ("postgres://", "postgresql://")
#: What shows that text without a scheme is meant for PostgreSQL.
_POSTGRES_MARKS = ("@", "host=", "dbname=", "password=")


class SqlState(
    SqlRepositories,
    SqlSources,
    SqlAttempts,
    SqlRunHints,
    SqlJobLogs,
    SqlRunSummaries,
    SqlCoordination,
    SqlSavedCounters,
    SqlErrorsAndActivities,
    StateStore,
):
    """The state in one SQL database; safe for threads and processes, but not across a fork."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._decoded_repositories = DecodedRows(repository_record)
        self._decoded_summaries = DecodedRows(decode_run_summary)
        self.log_cache = LogCache(SqlLogPageStore(database))

    def close(self) -> None:
        """Close all connections; the state cannot be used afterwards."""
        self._database.close()


def open_sql_state(database_url: str) -> SqlState:
    """Open a database and bring its tables up to date.

    Takes ``postgresql://…`` and ``postgres://…``, ``sqlite:///relative/path``,
    ``sqlite:////absolute/path``, a plain path, and ``sqlite://`` for memory, which is for tests.
    Raises BadSettings, or StateUnavailable where the database cannot be reached or written.
    """
    database = Database(choose_dialect(database_url))
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return SqlState(database)


def choose_dialect(database_url: str) -> Dialect:
    """Return the dialect of a URL or path; raises BadSettings."""
    url = database_url.strip()
    if url.startswith(_POSTGRES):
        from .postgres import postgres_dialect

        return postgres_dialect(url)
    if url.startswith(_SQLITE) and url != f"{_SQLITE}/":  # this one lacks its path
        return _file_dialect(url.removeprefix(_SQLITE).removeprefix("/") or ":memory:")
    scheme, separator, _ = url.partition("://")
    if separator or not url:
        named = scheme or "nothing"
    elif Path(url).is_absolute() or not any(mark in url for mark in _POSTGRES_MARKS):
        return _file_dialect(url)
    else:
        named = "no scheme"  # the name of such a file would show a password
    fault = f"DATABASE_URL names {named}: expected postgresql://…, sqlite:///path or a path"
    raise BadSettings([fault])


def _file_dialect(path: str) -> Dialect:
    """Return the dialect of a SQLite file in an existing folder; raises BadSettings.

    A missing folder is not created: it may be a disk that is not mounted.
    """
    file = Path(path).absolute()
    with suppress(OSError):  # what cannot be read is reported when the file is opened
        if not file.parent.is_dir():
            fault = f"DATABASE_URL names a file in {file.parent}, which is not a folder; create it"
            raise BadSettings([fault])
        if file.is_dir():
            raise BadSettings([f"DATABASE_URL names the folder {file}; name a file in it"])
    return sqlite_dialect(path)
