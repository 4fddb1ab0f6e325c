"""`github-app create`: from a terminal to an App that collects, over the sandbox's own pages."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ingest.bootstrap.app_file import with_app_file
from ingest.errors import BadSettings
from playwright.sync_api import Browser
from support.command_line import CommandLine


def test_from_nothing_to_a_collecting_app(cli: CommandLine, browser: Browser) -> None:
    """Two clicks in a browser, and no secret is typed, printed or readable by others."""
    with cli.started("github-app", "create", "--no-browser", "--name", "Runstream Octo") as command:
        assert command.stdout is not None
        address = re.search(r"http://\S+", command.stdout.readline())
        assert address is not None
        with browser.new_page() as page:
            page.goto(address[0])
            page.get_by_role("button", name="Create GitHub App for octocat").click()
            page.get_by_label("Account").select_option("octo")
            page.get_by_role("button", name="Install").click()
            page.get_by_text("Installed on octo").wait_for()
        assert command.wait(timeout=30) == 0
        said = command.stdout.read()
    file = cli.folder / ".runstream/github-app.json"
    kept = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Created the GitHub App Runstream Octo" in said
    assert kept["GITHUB_APP_PRIVATE_KEY"] not in said
    found = cli.json("collect", "octo", "--once", GITHUB_TOKEN="")
    assert (found["runs"], found["errors"]) == (3, 0)
    again = cli.run("github-app", "create", "--no-browser")
    assert "holds the GitHub App" in again.stderr


@pytest.fixture
def registration(cli: CommandLine) -> Iterator[str]:
    """Return the address of a form whose registration is under way."""
    with cli.started("github-app", "create", "--no-browser", "--organization", "octo") as command:
        assert command.stdout is not None
        address = re.search(r"http://\S+", command.stdout.readline())
        assert address is not None
        yield address[0]


def test_the_manifest_asks_for_nothing_but_reading(cli: CommandLine, registration: str) -> None:
    """Without an address the webhook is inactive; a callback with another state is refused."""
    form = requests.get(registration, timeout=10).text
    manifest = json.loads(
        re.search(r'name="manifest" value="([^"]*)"', form)[1].replace("&quot;", '"')
    )  # type: ignore[index]
    assert set(manifest["default_permissions"].values()) == {"read"}
    assert "checks" in manifest["default_permissions"]
    assert manifest["hook_attributes"]["active"] is False
    assert manifest["public"] is False
    assert f"{cli.github.url}/organizations/octo/settings/apps/new?state=" in form
    base = registration.rpartition("/")[0]
    for path in ("/", "/created?code=x&state=wrong", "/created?code=x"):
        assert requests.get(f"{base}{path}", timeout=10).status_code in (400, 404)
    assert not (cli.folder / ".runstream/github-app.json").exists()


def test_the_app_of_the_settings_comes_before_the_file(tmp_path: Path) -> None:
    """The key of one App is never used with the id of another."""
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"GITHUB_APP_ID": "7", "GITHUB_WEBHOOK_SECRET": "s"}))
    alone = with_app_file({}.get, default=str(file))
    beside = with_app_file({"GITHUB_APP_ID": "8"}.get, default=str(file))
    assert (alone("GITHUB_APP_ID"), beside("GITHUB_APP_ID")) == ("7", "8")
    assert beside("GITHUB_APP_PRIVATE_KEY") is None
    assert beside("GITHUB_WEBHOOK_SECRET") == "s"
    file.write_text("{")
    with pytest.raises(BadSettings, match="cannot be read"):
        with_app_file({}.get, default=str(file))
