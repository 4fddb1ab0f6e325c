"""SQLite: one file that the threads and processes of one machine share."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...errors import BadSettings
from .dialect import Connection, Dialect
from .sqlite_errors import BUSY_SECONDS, is_disk_full, is_out_of_space, make_explainer

#: Waiting writers poll the file's lock: more connections are slower.
_MAX_CONNECTIONS = 8

_WAL_ATTEMPTS = 20


def sqlite_dialect(path: str) -> Dialect:
    """Describe the SQLite database in a file, or in memory for ``:memory:``."""
    is_in_memory = path == ":memory:"
    file = None if is_in_memory else Path(path).absolute()
    display_name = "The SQLite database in memory" if is_in_memory else f"The SQLite file {path!r}"
    return Dialect(
        display_name=display_name,
        placeholder="?",
        begin="BEGIN IMMEDIATE",
        set_timeout="",
        select_version_table="SELECT 1 FROM sqlite_master WHERE name = 'schema_version'",
        lock_schema=None,
        skip_locked="",
        big_integer="INTEGER",
        text="TEXT",
        bytes="BLOB",
        identity="INTEGER PRIMARY KEY",
        max_connections=1 if is_in_memory else _MAX_CONNECTIONS,
        connect=lambda: _connect(path),
        reset=_reset,
        # A number beyond 64 bits never gets as far as SQLite.
        errors=(sqlite3.Error, OverflowError),
        is_transient=lambda _: False,
        is_full=lambda error: is_out_of_space(error, file),
        is_commit_undone=is_disk_full,
        explain=make_explainer(display_name, file),
    )


def _connect(path: str) -> Connection:
    """Open the file; the pool lends a connection to one thread at a time, but not always the same.

    Raises BadSettings for a file of another kind.
    """
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        _switch_to_wal(connection)
        # With WAL this survives the end of the process at any moment. A power cut may take the
        # last transactions, in order and whole; they are then collected again.
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        connection.close()
        if "not a database" in str(error):
            fault = f"The file {path!r} is not a SQLite database; name another file in DATABASE_URL"
            raise BadSettings([fault]) from error
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Let readers continue while one writes; the file keeps the mode.

    The switch needs exclusive access to the file, and does not wait as other statements do.
    """
    for _ in range(_WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "is locked" not in str(error):
                raise
            connection.execute("BEGIN EXCLUSIVE")  # waits for whoever holds the file
            connection.execute("ROLLBACK")
        else:
            return


def _reset(connection: sqlite3.Connection, _error: BaseException) -> bool:
    """Roll back; return False if the connection cannot be used again."""
    try:
        connection.rollback()
    except sqlite3.Error:  # such as that of the disk; the first error is reported
        return False
    return True
