"""PostgreSQL comes along with what Anvil needs of it, keeps its data, and asks for a password."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import psycopg2
import pytest
from support.postgres_server import postgres_pid

from standalone.local.postgres import LocalPostgres, LocalPostgresError
from standalone.local.postgres_programs import find_postgres_programs


@pytest.fixture
def folder(postgres_folder: Path) -> Path:
    """Return where PostgreSQL makes its folder."""
    return postgres_folder / "postgres"


def test_data_outlives_the_server_and_has_what_anvil_asks_for(folder: Path):
    with LocalPostgres(folder, is_durable=False) as first:
        connection = psycopg2.connect(first.database_url("tables"))
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION pgcrypto")
            cursor.execute("CREATE TABLE kept AS SELECT 7 AS number")
        connection.close()
    with LocalPostgres(folder, is_durable=False) as second:
        connection = psycopg2.connect(second.database_url("tables"))
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT number FROM kept")
            assert cursor.fetchone() == (7,)
        connection.close()


def test_what_a_killed_start_left_is_no_obstacle(folder: Path):
    """It is killed while it creates the data: the next start begins anew."""
    left = folder / "data.initial" / "base"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    with LocalPostgres(folder, is_durable=False) as server:
        psycopg2.connect(server.database_url("tables")).close()
    assert not left.parent.exists()


def test_data_that_postgresql_cannot_use_stays_where_it_is(folder: Path):
    strange = folder / "data" / "strange"
    strange.mkdir(parents=True)
    with pytest.raises(LocalPostgresError, match="move it away, and start again"):
        LocalPostgres(folder, is_durable=False)
    assert strange.exists()


def require_alive_for(server: LocalPostgres, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        server.require_alive()
        time.sleep(0.1)


def test_an_end_that_nobody_asked_for_is_reported(folder: Path):
    """`serve` then ends too, so that a supervisor starts both again."""
    with LocalPostgres(folder, is_durable=False) as server:
        server.require_alive()
        psutil.Process(postgres_pid(server)).kill()
        with pytest.raises(LocalPostgresError, match="has ended, with code 137: check the space"):
            require_alive_for(server, 60)


def test_nobody_gets_in_without_the_password(folder: Path):
    with LocalPostgres(folder, is_durable=False) as server:
        url = server.database_url("tables")
        password = (folder / "password").read_text().strip()
        assert password in url
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(url.replace(password, "another"))
    assert (folder / "password").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's folders are closed to PostgreSQL")
def test_a_folder_that_only_root_enters_is_no_obstacle(postgres_folder: Path, monkeypatch):
    system, closed = postgres_folder / "system", postgres_folder / "closed"
    monkeypatch.setattr("standalone.local.postgres._SYSTEM_FOLDER", system)
    closed.mkdir(mode=0o700)
    with LocalPostgres(closed / "postgres", is_durable=False) as server:
        psycopg2.connect(server.database_url("tables")).close()
    assert [each.name[:9] for each in system.iterdir()] == ["postgres-"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's programs are closed to PostgreSQL")
def test_a_copy_of_the_programs_that_was_killed_is_begun_anew(folder: Path, tmp_path, monkeypatch):
    """In a container the next start has the same process id."""
    programs = tmp_path / "closed" / "installed" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    initdb = programs / "initdb"
    initdb.write_text("#!/bin/sh\necho it is the copy >&2; exit 1\n")
    initdb.chmod(0o755)
    monkeypatch.setattr("standalone.local.postgres.find_postgres_programs", lambda _: programs)
    left = f"programs-{programs.parent.stat().st_mtime_ns}.{os.getpid()}"
    (folder / left / "half").mkdir(parents=True)
    with pytest.raises(LocalPostgresError, match="it is the copy"):
        LocalPostgres(folder, is_durable=False)
    assert not (folder / left).exists()


def programs_at(prefix: Path, version: str, share: str = "share") -> Path:
    """Lay out a PostgreSQL whose server is a script."""
    folder, extensions = prefix / "bin", prefix / share / "extension"
    for each in (folder, extensions):
        each.mkdir(parents=True)
    for name in ("pg_trgm", "pgcrypto"):
        (extensions / f"{name}.control").touch()
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\n{version}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("version", "is_used"),
    [
        ("echo 'postgres (PostgreSQL) 99.2'", True),
        ("echo 'postgres (PostgreSQL) 13.9'", False),
        ("echo 'version GLIBC_2.34 not found' >&2; exit 1", False),
    ],
)
def test_only_programs_that_start_here_are_used(
    tmp_path: Path, monkeypatch, version: str, is_used: bool
):
    """Those of a package may need a newer C library than this machine has."""
    folder = programs_at(tmp_path, version)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert (find_postgres_programs(tmp_path / "data") == folder) == is_used


@pytest.mark.parametrize(
    "share", ["share", "share/postgresql", "share/pgsql", "share/postgresql@99"]
)
def test_extensions_are_found_in_the_folders_of_every_system(
    tmp_path: Path, monkeypatch, share: str
):
    """Homebrew names the folder of a versioned formula after the formula."""
    folder = programs_at(tmp_path, "echo 'postgres (PostgreSQL) 99.2'", share)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert find_postgres_programs(tmp_path / "data") == folder
