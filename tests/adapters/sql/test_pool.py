"""Connections are few, and each serves one thread at a time."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from ingest.adapters.sql import pool as pool_module
from ingest.adapters.sql.dialect import Connection
from ingest.adapters.sql.pool import ConnectionPool
from ingest.adapters.sql.sqlite import sqlite_dialect
from ingest.errors import StateUnavailable


def test_a_thread_that_waits_in_vain_is_reported_why() -> None:
    """The error says how many connections there are, and what to do."""
    pool = ConnectionPool(sqlite_dialect(":memory:"), wait_seconds=0.01)
    with (
        pool.borrow(),
        pytest.raises(StateUnavailable, match="all 1 connections of this process have been busy"),
        pool.borrow(),
    ):
        pass
    pool.close()


def test_a_connection_is_lent_again() -> None:
    """Also after a failure, as long as it is of use."""
    pool = ConnectionPool(sqlite_dialect(":memory:"))
    with pool.borrow() as first:
        pass
    with pytest.raises(KeyError), pool.borrow() as second:
        raise KeyError
    with pool.borrow() as third:
        assert first is second is third
    pool.close()


def test_an_error_is_not_hidden_by_that_of_its_rollback() -> None:
    """The connection is opened again."""

    def fail(connection: Connection) -> None:
        connection.close()
        raise KeyError

    pool = ConnectionPool(sqlite_dialect(":memory:"))
    with pytest.raises(KeyError), pool.borrow() as broken:
        fail(broken)
    with pool.borrow() as fresh:
        assert fresh is not broken
    pool.close()


def test_a_connection_of_no_more_use_is_closed_with_the_idle_ones() -> None:
    """What ended one has most likely ended them all."""
    opened: list[Connection] = []
    dialect = sqlite_dialect(":memory:")

    def connect() -> Connection:
        opened.append(dialect.connect())
        return opened[-1]

    pool = ConnectionPool(
        replace(
            dialect, max_connections=2, connect=connect, reset=lambda _connection, _error: False
        )
    )
    with pool.borrow(), pool.borrow():
        pass
    with pytest.raises(KeyError), pool.borrow():
        raise KeyError
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.cursor()
    with pool.borrow() as fresh:
        assert fresh not in opened[:2]
    pool.close()


def test_a_connection_of_no_more_use_is_lent_to_nobody() -> None:
    """Its transaction may be open: who borrows it at any moment of its return would commit that."""
    pool = ConnectionPool(
        replace(sqlite_dialect(":memory:"), max_connections=2, reset=lambda *_: False)
    )
    lent: list[Connection] = []

    def borrow_at_each_line(frame: FrameType, _event: str, _value: object) -> Any:
        if frame.f_code.co_filename == pool_module.__file__ and not pool._lock.locked():
            with pool.borrow() as connection:
                lent.append(connection)
        return borrow_at_each_line

    def fail() -> None:
        sys.settrace(borrow_at_each_line)
        raise KeyError

    before = sys.gettrace()
    try:
        with pytest.raises(KeyError), pool.borrow() as broken:
            fail()
    finally:
        sys.settrace(before)
    assert lent
    assert broken not in lent
    pool.close()


def test_what_is_lent_when_the_pool_closes_is_closed_when_it_comes_back() -> None:
    """A thread may finish what it began."""
    pool = ConnectionPool(sqlite_dialect(":memory:"))
    with pool.borrow() as connection:
        pool.close()
        connection.cursor().close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.cursor()
