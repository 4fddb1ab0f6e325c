"""What the guides say of an Anvil app, on a real app server: first login, and Uplink."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from docs.pages import ROOT, Page
from support.anvil_server import AnvilApp, free_port
from support.processes import run_program

HOSTED = Page(ROOT / "docs" / "guides" / "anvil-hosted.md")
UPLINK = Page(ROOT / "docs" / "guides" / "uplink.md")


@pytest.fixture
def environment(anvil_server: AnvilApp) -> dict[str, str]:
    """Name what a person exports who works for this app from elsewhere."""
    link = anvil_server.served.uplink
    return {
        **os.environ,
        **anvil_server.aws.environment,
        **anvil_server.queues,
        "PYTHONPATH": str(ROOT),
        "ANVIL_UPLINK_KEY": link.key.reveal(),
        "ANVIL_UPLINK_URL": link.url,
        "GITHUB_API_URL": anvil_server.github.url,
        "GITHUB_TOKEN": "ghp_SandboxToken0123456789",
    }


def ends_with(environment: dict[str, str], folder: Path, **changes: str) -> tuple[int, str]:
    done = run_program(
        [sys.executable, "-m", "standalone", "uplink"],
        folder=folder,
        environment={**environment, **changes},
    )
    return done.returncode, done.stderr


def test_the_first_login_is_made_once(environment: dict[str, str]) -> None:
    """The guide's own line, with this server's address; here somebody has a login already."""
    (line,) = (each for block in HOSTED.blocks for each in block.commands if "app.connect" in each)
    found = re.search(r'-c "(.*)"$', line)
    assert found is not None
    code = found[1].replace(
        "app.connect(os.environ['ANVIL_UPLINK_KEY'])",
        "app.connect(os.environ['ANVIL_UPLINK_KEY'], url=os.environ['ANVIL_UPLINK_URL'])",
    )
    done = run_program([sys.executable, "-c", code], environment=environment)
    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr


def stopped_after(environment: dict[str, str], folder: Path, words: str) -> int:
    """Start the guide's command, stop it with SIGTERM once it has said something."""
    with subprocess.Popen(
        [sys.executable, "-m", "standalone", "uplink"],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert any(words in line for line in process.stderr)
            process.send_signal(signal.SIGTERM)
            return process.wait(60)
        finally:
            process.kill()


def test_the_uplink_works_until_it_is_stopped(environment: dict[str, str], tmp_path: Path) -> None:
    """The guide's command; SIGTERM ends it with 0."""
    commands = [each for block in UPLINK.blocks for each in block.commands]
    assert "runstream uplink" in commands
    assert stopped_after(environment, tmp_path, "Both agents work") == 0


def test_it_ends_as_the_guides_table_reports(environment: dict[str, str], tmp_path: Path) -> None:
    """A wrong key and a missing one are for a person."""
    code, said = ends_with(environment, tmp_path, ANVIL_UPLINK_KEY="server_wrong")
    assert (code, "does not know this key" in said) == (78, True)
    code, said = ends_with(environment, tmp_path, ANVIL_UPLINK_KEY="")
    assert (code, "ANVIL_UPLINK_KEY is missing" in said) == (78, True)


def test_a_server_that_is_not_there_is_awaited(environment: dict[str, str], tmp_path: Path) -> None:
    """It may be starting; who does not want to wait can stop it."""
    nowhere = {"ANVIL_UPLINK_URL": f"ws://127.0.0.1:{free_port()}/_/uplink"}
    assert stopped_after(environment | nowhere, tmp_path, "Trying again for") == 0
