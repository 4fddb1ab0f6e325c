"""Transactions of Data Tables, repeated on conflict.

https://anvil.works/docs/data-tables/transactions: the code in a transaction may be run again, and a
transaction ends ten seconds after its last query. So it contains nothing but queries to tables.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import SystemRandom
from typing import Any, TypeVar

import anvil.server
import anvil.tables

_Result = TypeVar("_Result")

#: How long conflicts are retried. Anvil's own retries last for minutes, and a call for 30 s.
_MAX_RETRY_SECONDS = 20.0
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0

#: Anvil's message when its server runs the most transactions that it allows: two per processor.
_TOO_MANY = "Too many transactions"

#: Anvil's message for a transaction that it rolled back, ten seconds after its last query.
_EXPIRED = "transaction has expired"

#: A process runs one transaction at a time: transactions of several threads would conflict.
_process_lock = threading.Lock()

#: The connection in which the transaction of a thread began.
_current = threading.local()


def transact(work: Callable[[], _Result]) -> _Result:
    """Run work in a transaction; repeat it for up to 20 s while it conflicts with others."""
    ends_at = time.monotonic() + _MAX_RETRY_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            with _process_lock:
                return _run_once(work)
        except anvil.server.AnvilWrappedError as error:  # an expired one has no class of its own
            if not is_contention(error) or time.monotonic() >= ends_at:
                raise
        time.sleep(SystemRandom().uniform(0, pause))  # random, so that two do not retry together
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def require_unbroken_transaction() -> None:
    """Raise ConnectionError where this thread's transaction has ended with its connection.

    The Uplink reconnects by itself, and later queries would run outside of any transaction.
    """
    connection = getattr(_current, "connection", None)
    if connection is not None and connection is not _connection():
        raise ConnectionError("the connection was lost in the middle of a save, which is undone")


def _run_once(work: Callable[[], _Result]) -> _Result:
    before = _connection()
    try:
        with anvil.tables.Transaction():
            # The first transaction opens the connection.
            _current.connection = before if before is not None else _connection()
            return work()
    finally:
        _current.connection = None


def _connection() -> Any:  # noqa: ANN401 - Anvil's own
    """Return what identifies the connection of the Uplink; a server module has only one."""
    return getattr(anvil.server, "_connection", None)


def is_contention(error: BaseException) -> bool:
    """Return whether concurrent transactions conflicted, or one of them took too long."""
    is_conflict = isinstance(error, anvil.tables.TransactionConflict) or _TOO_MANY in str(error)
    return is_conflict or is_expired(error)


def is_expired(error: BaseException) -> bool:
    """Return whether a transaction exceeded the server's time limit; it is rolled back."""
    return _EXPIRED in str(error)
