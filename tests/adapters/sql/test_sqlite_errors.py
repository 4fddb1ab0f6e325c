"""SQLite has few words for what the machine refuses; the sentence names which it was."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.adapters.sql.sqlite_errors import make_explainer
from ingest.domain.commits import Commit
from ingest.errors import StateFull, StateUnavailable
from support.processes import run_program

SERVER_CODE = Path(__file__).parents[3] / "server_code"

_OPEN = """
import os, sys
from ingest.adapters.sql import open_sql_state
from ingest.errors import StateUnavailable

try:
    open_sql_state("state.db")
except StateUnavailable as error:
    print(type(error).__name__, error)
"""

#: A disk of 600 KiB that ends with the process. SQLite finds room for its file at 12 KiB, but
#: not for the index of its log.
_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=600k tmpfs "$1" && cd "$1" || exit 99
head -c "$2" /dev/zero > others
[ "$3" = rw ] || mount -o remount,ro "$1"
exec "$4" -c "$5"
"""


@contextmanager
def limited(kind: int, soft: int) -> Iterator[None]:
    """Lower a limit of this process for a while."""
    before, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (before, hard))


def opened_on_a_small_disk(folder: Path, *, used_kib: int, mode: str = "rw") -> str:
    """Open a state on a disk of 600 KiB in a namespace of its own; return what is raised."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no program unshare")
    script = ["sh", "-c", _ON_A_SMALL_DISK, "sh", str(folder), str(used_kib * 1024), mode]
    done = run_program(
        [unshare, "--mount", "--map-root-user", *script, sys.executable, _OPEN],
        environment={"PYTHONPATH": str(SERVER_CODE), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
    )
    if done.returncode in {1, 99} and "Traceback" not in done.stderr:
        pytest.skip(f"this machine mounts nothing: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("used_kib", [600, 588, 570])
def test_a_full_disk_is_named_wherever_sqlite_meets_it(tmp_path: Path, used_kib: int) -> None:
    """It calls a full disk a failed one where it cannot make its shared memory."""
    raised = opened_on_a_small_disk(tmp_path, used_kib=used_kib)
    assert raised.startswith("StateFull The SQLite file 'state.db' cannot grow: the disk is full")


def test_a_read_only_disk_is_named(tmp_path: Path) -> None:
    """No rights to the file and its folder make it writable."""
    raised = opened_on_a_small_disk(tmp_path, used_kib=0, mode="ro")
    assert raised.startswith("StateUnavailable")
    assert "its file system is read-only" in raised


def test_a_limit_of_file_sizes_is_named(tmp_path: Path) -> None:
    """SQLite reports it as a failed disk; what fits is saved once it is raised."""
    path = tmp_path / "state.db"
    open_sql_state(str(path)).close()
    state = open_sql_state(str(path))
    commits = [Commit(commit_sha=str(n), commit_message="m" * 1000) for n in range(900)]
    with (
        limited(resource.RLIMIT_FSIZE, path.stat().st_size + 100_000),
        pytest.raises(StateFull, match=r"its size has reached a limit, .* raise it \(ulimit -f\)"),
    ):
        state.save_commits("o/r", commits)
    state.save_commits("o/r", commits)
    assert len(state.load_commits("o/r", [str(n) for n in range(900)])) == 900
    state.close()


def test_a_limit_of_open_files_is_named(tmp_path: Path) -> None:
    """SQLite reports it as a file that cannot be opened."""
    path = tmp_path / "state.db"
    open_sql_state(str(path)).close()
    with (
        limited(resource.RLIMIT_NOFILE, 3),
        pytest.raises(StateUnavailable, match=r"too many files are open; raise .* \(ulimit -n\)"),
    ):
        open_sql_state(str(path))


def test_a_file_that_another_program_holds_is_named(tmp_path: Path) -> None:
    """A backup may begin exclusively; a state waits for 30 seconds before it says so."""
    path = tmp_path / "state.db"
    open_sql_state(str(path)).close()
    with (
        closing(sqlite3.connect(path)) as holder,
        closing(sqlite3.connect(path, timeout=0)) as other,
    ):
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as refused:
            other.execute("BEGIN IMMEDIATE")
    explain = make_explainer("The state", path)
    assert "has been locked by another process for over 30 seconds" in explain(refused.value)


def test_a_table_that_this_connection_itself_locks_is_not_blamed_on_a_process() -> None:
    """SQLite refuses at once; nobody has waited."""
    with closing(sqlite3.connect(":memory:")) as state:
        state.executescript("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)")
        rows = state.execute("SELECT n FROM t")
        next(rows)
        with pytest.raises(sqlite3.OperationalError, match="table is locked") as refused:
            state.execute("DROP TABLE t")
    assert "another process" not in make_explainer("The state", None)(refused.value)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """Its first page is whole, so that it opens."""
    path = tmp_path / "state.db"
    open_sql_state(str(path)).close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(StateUnavailable, match="is damaged; restore a copy"):
        open_sql_state(str(path)).list_repositories()
