"""A bounded set of open connections, each lent to one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ...errors import StateUnavailable
from .dialect import Connection, Dialect


class ConnectionPool:
    """A pool that lends the most recently returned connection, or opens one, up to a limit."""

    def __init__(self, dialect: Dialect, *, wait_seconds: float = 30) -> None:
        self._dialect = dialect
        self._wait_seconds = wait_seconds
        self._slots = threading.BoundedSemaphore(dialect.max_connections)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._is_closed = False

    @contextmanager
    def borrow(self) -> Iterator[Connection]:
        """Lend a connection; after a failure it is rolled back, or closed if it is not usable."""
        if not self._slots.acquire(timeout=self._wait_seconds):
            raise StateUnavailable(self._all_busy_message())
        try:
            connection = self._check_out()
            try:
                yield connection
            except BaseException as error:
                self._check_in_failed(connection, error)
                raise
            self._check_in(connection)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close idle connections now, and lent ones when they are returned."""
        self._is_closed = True
        self._close_idle()

    def _check_out(self) -> Connection:
        with self._lock:
            if self._is_closed:
                raise StateUnavailable(
                    f"{self._dialect.display_name} was closed; open the state again."
                )
            if self._idle:
                return self._idle.pop()
        return self._dialect.connect()

    def _check_in_failed(self, connection: Connection, error: BaseException) -> None:
        """Keep a connection after a failure only if it is usable.

        If not, close the idle ones too: what ended this one has most likely ended them all.
        """
        if self._dialect.reset(connection, error):
            self._check_in(connection)
        else:
            self._close_idle(connection)

    def _check_in(self, connection: Connection) -> None:
        with self._lock:
            self._idle.append(connection)
        if self._is_closed:
            self._close_idle()

    def _close_idle(self, *others: Connection) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in (*idle, *others):
            with suppress(*self._dialect.errors):
                connection.close()

    def _all_busy_message(self) -> str:
        name, count = self._dialect.display_name, self._dialect.max_connections
        return (
            f"{name} is too slow: all {count} connections of this process have been busy for"
            f" {self._wait_seconds} seconds; run fewer agents, or use a faster database."
        )
