"""`make lint` checks pinned packages for known vulnerabilities, with a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.processes import run_program

ROOT = Path(__file__).parents[2]

NOWHERE = "http://127.0.0.1:9/v1/query"

Answer = Callable[[str], dict]


@contextmanager
def database_of_holes(answer: Answer | None) -> Iterator[str]:
    """Serve OSV's one request; without a response it is silent until the block ends."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if answer is None:
                ended.wait()
                return
            body = json.dumps(answer(asked["package"]["name"])).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            ended.set()
            server.shutdown()


def audit(url: str, cache: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run_program(
        [sys.executable, ".ci/audit.py", "--osv-url", url, "--cache-dir", cache, *more], folder=ROOT
    )


def test_without_a_known_hole_all_is_well(tmp_path: Path) -> None:
    """Every package that is pinned was asked for."""
    asked: set[str] = set()

    def answer(name: str) -> dict:
        asked.add(name)
        return {}

    with database_of_holes(answer) as url:
        done = audit(url, tmp_path)
    assert (done.returncode, "no known vulnerabilities" in done.stdout) == (0, True), done.stderr
    assert {"boto3", "pygithub", "requests", "click", "urllib3"} <= asked


def test_a_known_vulnerability_fails_and_is_named(tmp_path: Path) -> None:
    """With the release that fixes it."""

    def answer(name: str) -> dict:
        fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}
        affected = {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [fixed]}
        hole = {"id": "PYSEC-2026-1", "summary": "A hole.", "affected": [affected]}
        return {"vulns": [hole]} if name == "requests" else {}

    with database_of_holes(answer) as url:
        done = audit(url, tmp_path)
    assert done.returncode == 1
    for word in ("requests", "PYSEC-2026-1", "99.1"):
        assert word in done.stderr


def test_offline_the_last_line_reports_that_it_was_not_done(tmp_path: Path) -> None:
    """A checkout without network passes its checks."""
    done = audit(NOWHERE, tmp_path)
    assert done.returncode == 0
    last = done.stdout.rstrip().rsplit("\n", 1)[-1]
    assert last.startswith("audit: NOT DONE")
    assert "ConnectionError" in last


def test_where_it_is_required_it_fails_offline(tmp_path: Path) -> None:
    """The published workflow has a network."""
    assert audit(NOWHERE, tmp_path, "--required").returncode == 1


def test_a_silent_database_is_not_waited_for(tmp_path: Path) -> None:
    """The check ends within its time, whatever the network does."""
    with database_of_holes(None) as url:
        done = audit(url, tmp_path, "--within", "3")
    assert done.returncode == 0
    assert "no answer within 3 seconds" in done.stdout


@pytest.mark.parametrize("word", ["lint"])
def test_the_checks_include_it(word: str) -> None:
    """`make lint` is what .ci/run begins with."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition(f"\n{word}: ")[2].partition("\n\n")[0]
    assert recipe.rstrip().endswith(".ci/audit.py")
