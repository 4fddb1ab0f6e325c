"""The Uplink daemon as a process, against the real app server."""

from __future__ import annotations

import os
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anvil.server
import anvil.users
import pytest
import requests
from support.anvil_people import Published, ended_runs_of, jobs_with_logs_of, signed_in
from support.anvil_server import TOKEN, AnvilApp, ServeAnvil, free_port, hanging, serving_anvil
from support.command_line import ROOT, wait_until
from support.processes import run_program

REPOSITORY = "octo/api"

#: Settings that this app has none of: they are on the daemon's machine alone.
NOWHERE = {
    "GITHUB_TOKEN": "",
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_DEFAULT_REGION": "",
    "AWS_ENDPOINT_URL": "",
}


@pytest.fixture(scope="module")
def app(serve_anvil: ServeAnvil) -> AnvilApp:
    """Serve an app without tokens and keys."""
    return serve_anvil(settings=NOWHERE)


def environment(app: AnvilApp, **changed: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'server_code'}",
        "AWS_EC2_METADATA_DISABLED": "true",
        **app.aws.environment,
        **app.queues,
        "GITHUB_API_URL": app.github.url,
        "GITHUB_TOKEN": TOKEN,
        "POLL_SECONDS": "5",
        "ANVIL_UPLINK_URL": app.served.uplink.url,
        "ANVIL_UPLINK_KEY": app.served.uplink.key.reveal(),
        **changed,
    }


@contextmanager
def daemon(app: AnvilApp, log: Path, **changed: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon; end it as a supervisor does."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "standalone", "uplink"],
            env=environment(app, **changed),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def run(app: AnvilApp, *options: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return run_program(
        [sys.executable, "-m", "standalone", "uplink", *options],
        environment=environment(app, **changed),
    )


def test_a_wrong_key_ends_with_what_a_person_must_do(app):
    """Anvil's own client says nothing, and tries for ever."""
    done = run(app, ANVIL_UPLINK_KEY="a-wrong-key")
    assert done.returncode == 78
    assert "does not know this key" in done.stderr
    assert "a-wrong-key" not in done.stderr


def test_a_server_that_is_late_is_waited_for_and_a_stop_obeyed(app, tmp_path):
    """The supervisor of a machine starts both at once."""
    log, port = tmp_path / "daemon.log", free_port()
    with daemon(app, log, ANVIL_UPLINK_URL=f"ws://127.0.0.1:{port}/_/uplink") as process:
        wait_until(lambda: b"Trying again for 5 min" in log.read_bytes(), seconds=60)
        with forwarding(port, urlsplit(app.url).port):
            wait_until(lambda: b"Both agents work" in log.read_bytes(), seconds=120)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


@contextmanager
def forwarding(port: int, target: int | None) -> Iterator[None]:
    """Forward the connections of one port to another."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", target)) as there:
                back = threading.Thread(target=copy_all, args=(there, self.request), daemon=True)
                back.start()
                copy_all(self.request, there)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Forward) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def copy_all(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            to.sendall(chunk)
        to.shutdown(socket.SHUT_WR)


def test_a_lost_password_is_replaced_by_whoever_has_the_key(app):
    """The new one is printed once, and is the only one that is accepted."""
    email = "lost@example.com"
    with signed_in(app) as call:
        before = call("add_account", email, "viewer")["password"]
    done = run(app, "--reset-password", email)
    assert done.returncode == 0, done.stderr
    (password,) = re.findall(rf"New password of {email}: (\S+)", done.stdout)
    with app.uplink() as call:
        with pytest.raises(anvil.server.AnvilWrappedError, match="wrong"):
            call("log_in", email, before)
        assert call("log_in", email, password)["email"] == email
        anvil.users.logout()
    unknown = run(app, "--reset-password", "nobody@example.com")
    assert unknown.returncode != 0
    assert "nobody@example.com does not exist" in unknown.stderr


@pytest.mark.slow
def test_a_key_that_was_replaced_ends_the_daemon(postgres, aws, tmp_path):
    """Anvil's client tries the old one for ever; no supervisor should."""
    port, log = free_port(), tmp_path / "daemon.log"
    with (
        log.open("wb") as output,
        serving_anvil(tmp_path / "a", postgres=postgres, aws=aws, port=port) as before,
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "standalone", "uplink"],
            env=environment(before),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        wait_until(lambda: b"Both agents work" in log.read_bytes(), seconds=120)
    try:
        with serving_anvil(tmp_path / "b", postgres=postgres, aws=aws, port=port):
            assert process.wait(120) == 78
    finally:
        process.kill()
    assert b"does not know this key" in log.read_bytes()


def test_no_key_at_all_is_a_setting_that_is_missing(app):
    done = run(app, ANVIL_UPLINK_KEY="")
    assert done.returncode == 78
    assert "ANVIL_UPLINK_KEY is missing" in done.stderr


@pytest.mark.slow
def test_two_daemons_collect_for_an_app_that_has_no_secrets(app, tmp_path):
    """They share the work, answer the app's pages, and leave its schedule alone."""
    published = Published(app)
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    with daemon(app, first) as one, daemon(app, second) as two:
        for log in (first, second):
            wait_until(lambda log=log: b"Both agents work" in log.read_bytes(), seconds=120)
        with signed_in(app) as call:
            call("configure_repository", REPOSITORY)
            wait_until(
                lambda: published.logs(REPOSITORY) == jobs_with_logs_of(app, REPOSITORY),
                seconds=240,
            )
            hosts = {
                agent["host"]
                for agent in call("list_activity")["agents"]
                if agent["state"] == "running"
            }
            assert {f"{one.pid}", f"{two.pid}"} <= {host.rpartition(":")[2] for host in hosts}
            assert own_setting(call("get_settings"))["source"] == "environment"
        assert published.runs(REPOSITORY) == ended_runs_of(app, REPOSITORY)
        assert len(published.received) == len(set(published.received))
        assert (one.poll(), two.poll()) == (None, None)
    assert (one.returncode, two.returncode) == (0, 0)
    with signed_in(app) as call:
        # Nobody answers with the daemons' settings any more, and the app says what it lacks.
        assert own_setting(call("get_settings"))["source"] == "missing"


def own_setting(settings: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in settings["settings"] if each["name"] == "GITHUB_TOKEN")


@pytest.mark.slow
def test_a_link_that_was_cut_heals_and_one_that_is_silent_ends_the_daemon(app, tmp_path):
    """Stopped with SIGSTOP the server keeps the connection open, and answers nothing."""
    log, address = tmp_path / "daemon.log", f"127.0.0.1:{free_port()}"
    with daemon(app, log, RUNSTREAM_HTTP=address) as process:
        wait_until(lambda: b"Both agents work" in log.read_bytes(), seconds=120)
        wait_until(lambda: health(address)[0] == 200, seconds=60)
        metrics = requests.get(f"http://{address}/metrics", timeout=10).text
        assert "runstream_state_up 1.0" in metrics
        with hanging(app):
            wait_until(lambda: b"link to the app is gone" in log.read_bytes(), seconds=60)
            status, faults = health(address)
            assert status == 503
            assert "link to the app is gone" in faults[0]
            process.wait(120)
        assert process.returncode == 69
        assert b"nobody answers on it" in log.read_bytes()


def health(address: str) -> tuple[int, list[str]]:
    answer = requests.get(f"http://{address}/healthz", timeout=20)
    assert answer.headers["Content-Type"].startswith("application/json"), answer.text
    return answer.status_code, answer.json()["faults"]
