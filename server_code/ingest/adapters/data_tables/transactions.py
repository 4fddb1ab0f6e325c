"""Several queries as one: all or none, and alone with the rows they touch.

https://anvil.works/docs/data-tables/transactions: what is in a transaction may be run again, and
ends ten seconds after its last query. So it holds nothing but queries to tables.
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

#: How long others may be in the way. Anvil's own retries last for minutes, and a call for 30 s.
_TRIED_SECONDS = 20.0
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0

#: An app server has few transactions at once: two for each of its processors.
_ALL_TAKEN = "Too many transactions"

#: A transaction that a slow server has undone, ten seconds after its last query.
_EXPIRED = "transaction has expired"

#: Threads of one process take turns, for in each other's way they would only be slower.
_turn = threading.Lock()

#: The connection in which each thread's transaction was begun.
_begun = threading.local()


def transact(work: Callable[[], _Result]) -> _Result:
    """Run in a transaction; repeat it for up to 20 s while others are in the way."""
    ends_at = time.monotonic() + _TRIED_SECONDS
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            with _turn:
                return _do(work)
        except anvil.server.AnvilWrappedError as error:  # an expired one has no class of its own
            if not is_contention(error) or time.monotonic() >= ends_at:
                raise
        time.sleep(SystemRandom().uniform(0, pause))  # so that two do not go in step
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def require_connection() -> None:
    """Raise ConnectionError where this thread's transaction has ended with its connection.

    The Uplink connects again by itself, and what is asked then is done outside of any transaction.
    """
    connection = getattr(_begun, "connection", None)
    if connection is not None and connection is not _connection():
        raise ConnectionError("the connection was lost in the middle of a save, which is undone")


def _do(work: Callable[[], _Result]) -> _Result:
    before = _connection()
    try:
        with anvil.tables.Transaction():
            # Where there was none before, beginning has made one.
            _begun.connection = before if before is not None else _connection()
            return work()
    finally:
        _begun.connection = None


def _connection() -> Any:  # noqa: ANN401 - Anvil's own
    """Return what identifies the connection of the Uplink; a server module has only one."""
    return getattr(anvil.server, "_connection", None)


def is_contention(error: BaseException) -> bool:
    """Return whether concurrent transactions conflicted, or one of them took too long."""
    is_conflict = isinstance(error, anvil.tables.TransactionConflict) or _ALL_TAKEN in str(error)
    return is_conflict or is_expired(error)


def is_expired(error: BaseException) -> bool:
    """Return whether a transaction took longer than the server lets it; it is undone."""
    return _EXPIRED in str(error)
