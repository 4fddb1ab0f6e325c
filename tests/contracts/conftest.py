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
    """Name a database of these tests: to empty it is far faster than to create one."""
    return postgres.new_database_url()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name an empty database."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("shared_database")
        connection = psycopg2.connect(url)
        with connection, connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.close()
        return url
    return f"sqlite:///{tmp_path / 'state.db'}"


@pytest.fixture
def state(database_url: str) -> Iterator[StateStore]:
    """Open an empty store, and close it after the test."""
    store = open_sql_state(database_url)
    yield store
    store.close()
