"""The stores of state that every test here runs with: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from ingest.adapters.sql import open_sql_state
from ingest.ports import StateStore
from support.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def shared_database(postgres: PostgresServer) -> str:
    """Name a database of these tests that has its tables: to empty them is far faster."""
    url = postgres.new_database_url()
    open_sql_state(url).close()
    return url


def empty_tables(url: str) -> None:
    """Remove what tests have stored; only the version of the tables stays."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('DELETE FROM %I', tablename), ';') FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename <> 'schema_version'"
        )
        [[statements]] = cursor.fetchall()
        cursor.execute(statements)
    connection.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a database in which nothing is stored."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("shared_database")
        empty_tables(url)
        return url
    return f"sqlite:///{tmp_path / 'state.db'}"


@pytest.fixture
def state(database_url: str) -> Iterator[StateStore]:
    """Open an empty store, and close it after the test."""
    store = open_sql_state(database_url)
    yield store
    store.close()
