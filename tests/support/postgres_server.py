"""A PostgreSQL for the tests: the product's own, whose data goes with the session."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path

from standalone.local.postgres import LocalPostgres


def open_to_postgres(folder: Path) -> Path:
    """Let the user through to a temporary folder whom root starts PostgreSQL as."""
    root = Path(tempfile.gettempdir())
    if os.geteuid() == 0:
        for each in (folder, *(each for each in folder.parents if root in each.parents)):
            each.chmod(0o711)
    return folder


class PostgresServer:
    """A PostgreSQL on a loopback port, from construction until `close`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="runstream-postgres-"))
        if os.geteuid() == 0:
            self._folder.chmod(0o711)  # for the user that PostgreSQL runs as instead
        self._numbers = itertools.count(1)
        try:
            self._server = LocalPostgres(self._folder, is_durable=False)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def new_database_url(self) -> str:
        """Create an empty database; its URL is for psycopg2."""
        return self._server.database_url(f"test_{next(self._numbers)}")

    @property
    def pid(self) -> int:
        """The server's process, 0 where there is none."""
        return self._server.pid

    def close(self) -> None:
        """End it, whoever is connected, and remove its data."""
        self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)
