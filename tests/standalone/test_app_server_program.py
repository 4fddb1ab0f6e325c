"""The app server is found, or a person is printed what is lacking and where to put it."""

from __future__ import annotations

import io
import os
import socket
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from click.testing import CliRunner
from support.origin_server import Answer, Handler, OriginServer, origin_server

from standalone.app_server.errors import CannotServe
from standalone.app_server.jar import require_jar
from standalone.app_server.program import PROGRAM_NAME, find_app_server, require_startable
from standalone.app_server.running import AppServer, client_host, listen
from standalone.app_server.server_log import MAX_BYTES, ServerLog
from standalone.cli import cli
from standalone.failures import sentence_for

JAR = "anvil-app-server.20260101-120000.jar"


def program_at(file: Path, text: str = "#!/bin/sh\n") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def package_at(prefix: Path, url: str) -> Path:
    """Lay out what pip installs: the program, and the package that names the JAR."""
    package = prefix / "lib" / "python3.11" / "site-packages" / "anvil_app_server"
    package.mkdir(parents=True)
    file = package / "__init__.py"
    file.write_text(f'server_jar_name = "{JAR}"\nurl = "{url}" + server_jar_name\n')
    program_at(prefix / "bin" / PROGRAM_NAME, "#!python\nfrom anvil_app_server import launch\n")
    return file


def dead_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"https://127.0.0.1:{probe.getsockname()[1]}/app-server/"


def test_the_named_program_stands_before_that_on_the_path(tmp_path: Path):
    named, on_path = program_at(tmp_path / "mine"), program_at(tmp_path / "bin" / PROGRAM_NAME)
    path = {"PATH": str(tmp_path / "bin")}
    assert find_app_server({**path, "ANVIL_APP_SERVER": str(named)}) == named
    assert find_app_server(path) == on_path


def test_the_program_beside_this_python_is_the_last_resort(tmp_path: Path, monkeypatch):
    beside = program_at(tmp_path / "venv" / "bin" / PROGRAM_NAME)
    monkeypatch.setattr(sys, "executable", str(beside.with_name("python")))
    assert find_app_server({"PATH": str(tmp_path)}) == beside
    beside.unlink()
    with pytest.raises(CannotServe, match=r"pip install 'runstream\[server\]'"):
        find_app_server({"PATH": str(tmp_path)})


def test_a_program_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(CannotServe, match=r"ANVIL_APP_SERVER names .*nothing"):
        find_app_server({"ANVIL_APP_SERVER": str(tmp_path / "nothing"), "PATH": ""})


def test_without_a_jvm_the_server_of_pip_does_not_start(tmp_path: Path):
    package_at(tmp_path, dead_url())
    with pytest.raises(CannotServe, match="The dashboard needs Java: "):
        require_startable(tmp_path / "bin" / PROGRAM_NAME, {"PATH": str(tmp_path)}, print)


def test_another_program_knows_itself_what_it_needs(tmp_path: Path):
    printed: list[str] = []
    require_startable(program_at(tmp_path / PROGRAM_NAME), {"PATH": ""}, printed.append)
    assert printed == []


@pytest.mark.parametrize("place", ["package", "home"])
def test_a_jar_that_was_put_in_place_is_found(tmp_path: Path, monkeypatch, place: str):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    package = package_at(tmp_path, dead_url())
    jar = package.with_name(JAR) if place == "package" else tmp_path / "home" / ".anvil" / JAR
    jar.parent.mkdir(parents=True, exist_ok=True)
    jar.touch()
    printed: list[str] = []
    require_jar(package, printed.append)  # a download would fail
    assert printed == []


def test_a_jar_that_cannot_be_downloaded_is_one_sentence_and_the_command(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    url, printed = dead_url(), []
    package = package_at(tmp_path, url)
    with pytest.raises(CannotServe) as caught:
        require_jar(package, printed.append)
    assert sentence_for(caught.value) == (
        "The app server could not be downloaded (Connection refused). "
        f"Download it: curl -fL --create-dirs -o ~/.anvil/draft {url}{JAR} && "
        f"mv ~/.anvil/draft ~/.anvil/{JAR}"
    )
    assert printed == []
    assert not list(tmp_path.rglob("*.jar*"))


@pytest.fixture
def jar_server(monkeypatch) -> Iterator[OriginServer]:
    """Serve what the package's address names, without TLS."""
    opened = urllib.request.urlopen
    monkeypatch.setattr(
        "urllib.request.urlopen",
        lambda url, **options: opened(url.replace("https:", "http:"), **options),
    )
    with origin_server() as server:
        yield server


def a_jar() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Main-Class: anvil.AppServer\n" * 99)
    return content.getvalue()


def answer_until_closed(content: bytes) -> Answer:
    """Send an answer whose length is not declared: the end of the connection is its end."""

    def answer(request: Handler) -> None:
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(content)

    return answer


@pytest.mark.parametrize("has_length", [False, True])
def test_a_jar_is_downloaded_once(tmp_path: Path, jar_server: OriginServer, *, has_length: bool):
    package = package_at(tmp_path, f"https://127.0.0.1:{jar_server.port}/")
    jar_server.answers[f"/{JAR}"] = (
        (lambda request: request.respond(a_jar())) if has_length else answer_until_closed(a_jar())
    )
    printed: list[str] = []
    for _ in range(2):
        require_jar(package, printed.append)
    place, amount = package.with_name(JAR), " (0 MiB)" if has_length else ""
    assert printed == [f"Downloading the app server{amount} to {place}, this once."]
    assert place.read_bytes() == a_jar()


@pytest.mark.parametrize("content", [a_jar()[:-50], b"<html>Sign in to this network</html>"])
def test_what_is_no_complete_jar_is_not_kept(
    tmp_path: Path, jar_server: OriginServer, content: bytes
):
    package = package_at(tmp_path, f"https://127.0.0.1:{jar_server.port}/")
    jar_server.answers[f"/{JAR}"] = answer_until_closed(content)
    with pytest.raises(CannotServe, match="what arrived is no complete JAR"):
        require_jar(package, print)
    assert not list(tmp_path.rglob("*.jar*"))


def test_a_package_whose_address_is_not_read_downloads_the_jar_itself(tmp_path: Path):
    package = package_at(tmp_path, dead_url())
    package.write_text(f'server_jar_name = "{JAR}"\nurl = f"https://host/{{server_jar_name}}"\n')
    printed: list[str] = []
    require_jar(package, printed.append)
    assert printed == []


def test_a_taken_port_is_reported_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=f"Port {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)
    listen("127.0.0.1", port).close()


def test_an_address_that_is_not_this_machines_is_reported():
    with pytest.raises(CannotServe, match=r"does not let anybody listen on 192\.0\.2\.1"):
        listen("192.0.2.1", 3030)


@pytest.mark.parametrize(
    ("host", "expected"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.1", "10.0.0.1")]
)
def test_this_machine_reaches_what_listens_everywhere(host: str, expected: str):
    assert client_host(host) == expected


def heard(text: str, file: Path) -> tuple[ServerLog, list[str]]:
    printed: list[str] = []
    log = ServerLog(io.BytesIO(text.encode()), file, printed.append)
    log.join()
    return log, printed


def test_all_is_kept_and_what_matters_is_reported(tmp_path: Path):
    text = (
        "[INFO  anvil.app-server.run] App URL:  http://127.0.0.1:3030\n"
        "[ERROR anvil.app-server.run] Failed to start mail server on port -1 - bad port\n"
        "[ERROR anvil.app-server.core] Error report from server code:\n"
        "ValueError: it broke\n"
        "Traceback:\n"
        "[INFO  anvil.executors.downlink] Downlink client connected with spec {}\n"
        "Database migration failed: connection-failed\n"
        "[INFO  anvil.executors.downlink] Downlink client connected with spec {}\n"
    )
    log, printed = heard(text, tmp_path / "server.log")
    assert printed[:2] == ["Server error: Error report from server code:", "  ValueError: it broke"]
    assert printed[2].endswith("up to date: Database migration failed: connection-failed")
    assert printed[3].startswith("The process that ran server code ended")
    assert len(printed) == 4
    assert log.ready.is_set()
    assert list(log.last_lines)[-2:] == text.splitlines()[-2:]
    assert (tmp_path / "server.log").read_text() == text
    assert (tmp_path / "server.log").stat().st_mode & 0o077 == 0


def test_the_last_output_is_named_while_the_server_prints_on(tmp_path: Path):
    log, _ = heard("", tmp_path / "server.log")

    class Line(str):
        __slots__ = ()

        def __format__(self, _spec: str) -> str:
            log.last_lines.append("printed meanwhile")
            return str(self)

    log.last_lines.extend([Line("one"), Line("two")])
    server = AppServer.__new__(AppServer)
    server._log = log
    assert server._with_output("It hangs.").endswith("\n  one\n  two")


def test_a_log_has_a_bounded_size_and_begins_anew_at_each_start(tmp_path: Path):
    file = tmp_path / "server.log"
    lines = "x" * 60_000 + "\n"
    heard(lines * (2 * MAX_BYTES // len(lines) + 20), file)
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 2.1 * MAX_BYTES
    heard("new\n", file)
    assert file.read_text() == "new\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_log_that_cannot_be_written_is_reported_once_and_stops_nothing(tmp_path: Path):
    """A full disk takes lines of the file; the server's pipe is still read, and what it says."""
    file = tmp_path / "server.log"
    obstacle = tmp_path / "server.log.1" / "folder"
    obstacle.mkdir(parents=True)
    file.touch()
    reading, writing = os.pipe()
    printed: Queue[str] = Queue()
    log = ServerLog(os.fdopen(reading, "rb"), file, printed.put)
    with os.fdopen(writing, "wb", buffering=0) as server:
        server.write(b"one\ntwo\n")
        assert "server.log cannot be written" in printed.get(timeout=60)
        server.write(b"[INFO  anvil.executors.downlink] Downlink client connected with spec {}\n")
        assert log.ready.wait(timeout=60)
        obstacle.rmdir()
        obstacle.parent.rmdir()
        server.write(b"three\n")
        assert printed.get(timeout=60).endswith("is written again.")
    log.join()
    assert printed.empty()
    assert file.read_text() == "three\n"


@pytest.mark.parametrize("given", ["proxy.example.com", "10.0.0.0/33", "10.0.0.1/8"])
def test_a_trusted_proxy_is_an_address_or_a_network(given: str):
    done = CliRunner().invoke(cli, ["serve", "--trusted-proxy", given])
    assert done.exit_code == 2
    assert "expected 10.0.0.5 or 10.0.0.0/8" in done.output


@pytest.mark.parametrize(
    "given",
    ["ci.example.com", "https://[ci", "https://ci:99999", "https://ci/app", "https://ci?x=1"],
)
def test_an_origin_is_an_address_without_a_path(given: str):
    done = CliRunner().invoke(cli, ["serve", "--origin", given])
    assert done.exit_code == 2
    assert "is not an address like https://ci.example.com" in done.output
