"""A database URL names a database, or is refused without showing a password."""

from __future__ import annotations

import sqlite3
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.adapters.sql.store import choose_dialect
from ingest.errors import BadSettings, StateUnavailable

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)


@pytest.mark.parametrize("form", ["{path}", "sqlite:///{path}", "  sqlite:///{path} "])
def test_a_file_is_named_by_path_or_url(tmp_path: Path, form: str) -> None:
    """An absolute path after ``sqlite:///`` begins with a fourth slash."""
    path = tmp_path / "state of things?#%20.db"
    open_sql_state(form.format(path=path)).close()
    assert path.is_file()


def test_a_relative_path_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three slashes name a file in the current folder, as in other programs."""
    monkeypatch.chdir(tmp_path)
    open_sql_state("sqlite:///state.db").close()
    assert (tmp_path / "state.db").is_file()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", ":memory:"])
def test_memory_is_shared_by_all_threads_of_one_state(url: str) -> None:
    """Its one connection is its only copy."""
    state = open_sql_state(url)
    assert state.claim_once("a", now=NOW)
    assert not state.claim_once("a", now=NOW)
    state.close()


def test_readers_and_a_writer_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """The file is in write-ahead mode, whoever opens it."""
    open_sql_state(str(tmp_path / "state.db")).close()
    connection = sqlite3.connect(tmp_path / "state.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_closed_state_reports_it(tmp_path: Path) -> None:
    """Closing twice does no harm."""
    state = open_sql_state(str(tmp_path / "state.db"))
    state.close()
    state.close()
    with pytest.raises(StateUnavailable, match=r"state\.db' was closed"):
        state.list_errors(limit=1)


@pytest.mark.parametrize(
    "url",
    [
        *("", " ", "sqlite:///", "mysql://u:secret@h/d", "redis://h", "http://h/d"),
        *("u:secret@h/d", "postgresql:/u:secret@h/d", "host=h password=secret"),
        *("host=h", "dbname=d user=u"),
    ],
)
def test_another_database_is_refused(url: str) -> None:
    """The fault says what is expected."""
    with pytest.raises(BadSettings, match="expected postgresql://") as refused:
        open_sql_state(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("folder", ["me@work", "host=h"])
def test_a_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    """Also that in which a command is run without a DATABASE_URL."""
    file = tmp_path / folder / "state.db"
    file.parent.mkdir()
    open_sql_state(str(file)).close()
    assert file.exists()


@pytest.mark.parametrize("form", ["{path}", "sqlite:///{path}", "{path}/runs/state.db"])
def test_a_folder_that_is_missing_or_no_file_needs_a_person(tmp_path: Path, form: str) -> None:
    """No waiting creates it, and nobody else is asked to: a disk may not be mounted."""
    with pytest.raises(BadSettings, match="folder"):
        open_sql_state(form.format(path=tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_no_number_is_explained() -> None:
    with pytest.raises(BadSettings, match="no number for a port"):
        open_sql_state("postgresql://me@db.example:port/runstream")


@pytest.mark.parametrize("start", ["postgresql://[::1", "postgresql://me:a]b@db.example"])
def test_a_bracket_that_breaks_the_url_is_explained(start: str) -> None:
    with pytest.raises(BadSettings, match="unpaired bracket"):
        open_sql_state(f"{start}/runstream")


def test_a_host_without_psycopg2_reports_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anvil's servers have no psycopg2, and they do not need it."""
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(BadSettings, match="pip install psycopg2-binary"):
        open_sql_state("postgres://h/d")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgres://me:secret@db.example:6432/runs", "'runs' at db.example:6432"),
        ("postgresql://db.example/runs?password=secret", "'runs' at db.example:5432"),
        ("postgresql:///runs?host=/run/postgresql", "'runs' at /run/postgresql:5432"),
        ("postgresql:///runs", "'runs' at localhost:5432"),
    ],
)
def test_a_place_is_named_without_its_password(url: str, place: str) -> None:
    """Every error begins with it."""
    assert choose_dialect(url).display_name == f"The PostgreSQL database {place}"
