"""A PostgreSQL for the tests: the product's own, whose data goes with the session."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from standalone.local.postgres import LocalPostgres


@contextmanager
def postgres_folder() -> Iterator[Path]:
    """Provide a temporary folder that PostgreSQL's user reaches where root starts it.

    It is not below pytest's own folder, which each start of pytest closes to others again.
    """
    with tempfile.TemporaryDirectory(
        prefix="runstream-postgres-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            folder.chmod(0o711)
        yield folder


def postgres_pid(server: LocalPostgres) -> int:
    """Return the PID of a PostgreSQL, 0 where there is none."""
    file = server.home / "data" / "postmaster.pid"
    return int(file.read_text().partition("\n")[0]) if file.exists() else 0


class PostgresServer:
    """A PostgreSQL on a loopback port, from construction until `close`."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        with ExitStack() as opened:
            self._folder = opened.enter_context(postgres_folder())
            self._server = opened.enter_context(LocalPostgres(self._folder, is_durable=False))
            self._opened = opened.pop_all()

    def new_database_url(self) -> str:
        """Create an empty database; its URL is for psycopg2."""
        return self._server.database_url(f"test_{next(self._numbers)}")

    @property
    def pid(self) -> int:
        """The server's process, 0 where there is none."""
        return postgres_pid(self._server)

    def close(self) -> None:
        """End it, whoever is connected, and remove its data."""
        self._opened.close()
