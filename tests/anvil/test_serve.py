"""`serve` on the real app server: it starts, prints a login once, and leaves no process behind."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anvil.server
import psutil
import pytest
import requests
from ingest.settings import Secret
from support.anvil_server import AnvilApp, app_environment, free_port, skip_unless_servable
from support.browser import BrowserPage, visit
from support.command_line import TOKEN, CommandLine, bare, cli, github, wait_until
from support.processes import have_ended

from standalone.app_server.accounts import connected
from standalone.uplink.link import AppAddress

__all__ = ["bare", "cli", "github"]

WEBHOOK_SECRET = "the-secret-of-webhooks"


class Served:
    """A `serve` that answers."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.said = ""
        assert process.stdout is not None
        while "Log  " not in self.said:
            line = process.stdout.readline()
            assert line, process.communicate()
            self.said += line

    def processes(self) -> list[psutil.Process]:
        """Name all processes below this one."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def arguments(self) -> Iterator[str]:
        """Name the arguments of all of them, which anybody on the machine may read."""
        for each in self.processes():
            with suppress(psutil.NoSuchProcess):
                yield from each.cmdline()

    def jvm(self) -> psutil.Process:
        """Find the server itself."""
        return next(each for each in self.processes() if "java" in each.name())


@pytest.fixture
def command(cli: CommandLine, postgres_folder: Path) -> CommandLine:
    """Return a command line that names the real server, or skip."""
    skip_unless_servable()
    cli.folder = postgres_folder
    cli.environment |= app_environment({"GITHUB_WEBHOOK_SECRET": WEBHOOK_SECRET})
    return cli


@contextmanager
def served(command: CommandLine, *options: str) -> Iterator[Served]:
    port = free_port()
    arguments = ("serve", "--port", str(port), "--email", "ada@example.com", *options)
    with command.started(*arguments) as process:
        served = Served(process, port)
        yield served


def test_only_the_first_start_prints_the_login(command: CommandLine):
    """It serves the app, prints no secrets, and stops cleanly."""
    with served(command) as first:
        assert "Login  ada@example.com" in first.said
        password = re.search(r"with password +(\S{8,})", first.said)
        assert password is not None
        assert requests.get(f"{first.url}/", timeout=60).status_code == 200
        assert requests.get(f"{first.url}/_/api/health", timeout=60).status_code in (200, 503)
        processes = first.processes()
        assert len(processes) > 3
        arguments = " ".join(first.arguments())
        first.process.send_signal(signal.SIGINT)
        _, printed = first.process.communicate(timeout=90)
    assert first.process.returncode == 0
    assert have_ended(processes)
    kept = command.folder / ".runstream"
    config = (kept / "config.yaml").read_text()
    log = (kept / "server.log").read_text()
    for secret in (TOKEN, WEBHOOK_SECRET, (kept / "uplink.key").read_text().strip()):
        assert secret in config
        assert secret not in arguments + printed + log
    assert password[1] not in printed + log + arguments
    for name in ("config.yaml", "uplink.key", "server.log"):
        assert (kept / name).stat().st_mode & 0o077 == 0

    with served(command) as second:
        assert "an account that exists already" in second.said
        assert "password" not in second.said
        processes = second.processes()
        second.jvm().kill()
        _, printed = second.process.communicate(timeout=90)
    assert second.process.returncode == 1
    assert "The app server has ended, with code 137. Its last output" in printed
    assert str(kept / "server.log") in printed
    assert have_ended(processes)

    with served(command, "--reset-password", "ada@example.com") as third:
        renewed = re.search(r"with password +(\S{8,})", third.said)
        assert renewed is not None
        key = (kept / "uplink.key").read_text().strip()
        app = AppAddress(f"{third.url.replace('http', 'ws')}/_/uplink", Secret(key))
        with connected(app):
            with pytest.raises(anvil.server.AnvilWrappedError, match="wrong"):
                anvil.server.call("log_in", "ada@example.com", password[1])
            logged_in = anvil.server.call("log_in", "ada@example.com", renewed[1])
        assert logged_in.items() >= {"email": "ada@example.com", "role": "admin"}.items()
        third.process.send_signal(signal.SIGTERM)
        assert third.process.wait(30) == 0


def test_the_first_page_opens_without_an_error_or_another_host(
    anvil_server: AnvilApp, browser_page: BrowserPage
):
    visit(browser_page.page, anvil_server.url)
    browser_page.page.get_by_role("textbox").first.wait_for()
    assert browser_page.errors == []
    assert browser_page.foreign_requests == []


def test_its_own_sudden_death_leaves_no_server_behind(command: CommandLine):
    with served(command) as killed:
        processes = killed.processes()
        killed.process.kill()
        wait_until(lambda: have_ended(processes), seconds=90)
        assert have_ended(processes)


def test_a_taken_port_is_reported_at_once(command: CommandLine):
    port = command.github.url.rpartition(":")[2]
    done = command.run("serve", "--port", port)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert not (command.folder / ".runstream").exists()


def test_an_origin_that_is_no_address_is_refused(command: CommandLine):
    done = command.run("serve", "--origin", "ci.example.com")
    assert done.returncode == 2
    assert "is not an address like https://ci.example.com" in done.stderr
