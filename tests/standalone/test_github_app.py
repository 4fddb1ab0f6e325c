"""`github-app create`: from a terminal to an App that collects, over the sandbox's own pages."""

from __future__ import annotations

import html
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ingest.bootstrap.github_app_file import (
    locator_with_github_app_file,
    lookup_with_github_app_file,
    require_can_save_app,
    save_app,
)
from ingest.errors import BadSettings, Rejected
from playwright.sync_api import Browser
from support.command_line import CommandLine

from standalone.http.webhook_app import PATH


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
    again = cli.run_new("github-app", "create", "--no-browser")
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
    form = requests.get(registration, timeout=60).text
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
        assert requests.get(f"{base}{path}", timeout=60).status_code in (400, 404)
    assert not (cli.folder / ".runstream/github-app.json").exists()


def callback_of(form_address: str) -> str:
    """Confirm the manifest on GitHub's pages; return where GitHub leads back to."""
    page = requests.get(form_address, timeout=60).text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    action = re.search(r'action="([^"]*)"', page)
    assert action is not None
    manifest = {name: html.unescape(value) for name, value in fields.items()}
    confirm = requests.post(html.unescape(action[1]), data=manifest, timeout=60)
    found = {
        name: html.unescape(v)
        for name, v in re.findall(r'name="(\w+)" value="([^"]*)"', confirm.text)
    }
    create = (
        f"{action[1].partition('/settings')[0].partition('/organizations')[0]}/settings/apps/create"
    )
    answer = requests.post(create, data=found, timeout=60, allow_redirects=False)
    return answer.headers["Location"]


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
def test_a_github_that_fails_for_a_moment_costs_no_app(cli: CommandLine, prefix: str) -> None:
    """The code is exchanged again; of a GitHub Enterprise Server as well."""
    api = {"GITHUB_API_URL": f"{cli.github.url}{prefix}"}
    with cli.started("github-app", "create", "--no-browser", **api) as command:
        assert command.stdout is not None
        address = re.search(r"http://\S+", command.stdout.readline())
        assert address is not None
        callback = callback_of(address[0])
        wrong = re.sub(r"state=[^&]+", "state=guess", callback)
        assert requests.get(wrong, timeout=60).status_code == 400
        cli.inject(path="/conversions$", do="error", status=502, count=2)
        done = requests.get(callback, timeout=30, allow_redirects=False)
        assert (done.status_code, done.headers["Location"].endswith("/installations/new")) == (
            303,
            True,
        )
        assert command.wait(timeout=30) == 0
    assert "GITHUB_APP_ID" in json.loads((cli.folder / ".runstream/github-app.json").read_text())


@pytest.mark.parametrize("fault", ["missing", "cut"])
def test_a_code_that_github_does_not_accept_ends_the_command(
    cli: CommandLine, registration: str, fault: str
) -> None:
    """It is used up where GitHub's answer to it was lost: the App exists, without a key."""
    callback = callback_of(registration)
    cli.inject(path="/conversions$", do=fault, count=1)
    done = requests.get(callback, timeout=30)
    assert (done.status_code, "used or older than one hour" in done.text) == (400, True)
    assert "whose key was never received, because an answer was lost, delete it" in done.text
    assert not (cli.folder / ".runstream/github-app.json").exists()


def test_a_rejection_for_another_reason_is_not_called_a_used_code(
    cli: CommandLine, registration: str
) -> None:
    callback = callback_of(registration)
    cli.inject(path="/conversions$", do="error", status=422)
    done = requests.get(callback, timeout=30)
    assert (done.status_code, "used or older" in done.text) == (400, False)
    assert "(422)" in done.text


def test_a_key_that_cannot_be_saved_is_kept_elsewhere(cli: CommandLine, registration: str) -> None:
    """GitHub gives it once: the message names the file, for this user only."""
    callback, folder = callback_of(registration), cli.folder / ".runstream"
    folder.rmdir()
    folder.touch()
    done = requests.get(callback, timeout=30)
    assert done.status_code == 400
    kept = re.search(r"it is in (\S+), for this user only", done.text)
    assert kept is not None
    file = Path(kept[1])
    assert "GITHUB_APP_PRIVATE_KEY" in json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    file.parent.rmdir()


@pytest.mark.parametrize("address", ["http://localhost/webhook", "example.com", "http://[::1"])
def test_a_webhook_url_that_github_cannot_reach_is_refused_at_once(
    cli: CommandLine, address: str
) -> None:
    refused = cli.run("github-app", "create", "--no-browser", "--webhook-url", address)
    assert f"--webhook-url {address}: GitHub cannot reach this address." in refused.stderr


def test_the_example_of_a_webhook_url_has_the_path_that_is_served(cli: CommandLine) -> None:
    """Whoever copies it gets webhooks."""
    shown = cli.run("github-app", "create", "--help").stdout
    assert re.findall(r"--webhook-url (https\S+)", shown) == [f"https://example.com{PATH}"]


def test_what_names_no_organization_or_host_is_refused_at_once(cli: CommandLine) -> None:
    for option, value in (("--organization", "no spaces!"), ("--host", "git example")):
        refused = cli.run("github-app", "create", "--no-browser", option, value)
        assert (refused.returncode, "is not" in refused.stderr) == (78, True)


def test_a_name_that_is_too_long_is_not_cut(cli: CommandLine) -> None:
    """Whoever names the App looks for it under this name."""
    refused = cli.run("github-app", "create", "--no-browser", "--name", "a" * 35)
    assert (refused.returncode, "GitHub allows 34 characters" in refused.stderr) == (2, True)


@pytest.mark.parametrize("host", ["git.example.com", "https://git.example.com:8443/"])
def test_the_form_goes_to_the_host_of_a_github_enterprise_server(
    cli: CommandLine, host: str
) -> None:
    with cli.started("github-app", "create", "--no-browser", "--host", host) as command:
        assert command.stdout is not None
        address = re.search(r"http://\S+", command.stdout.readline())
        assert address is not None
        form = requests.get(address[0], timeout=60).text
    web = f"https://{host.partition('://')[2].rstrip('/') or host}"
    assert f'action="{web}/settings/apps/new?state=' in form


def test_a_key_that_could_not_be_saved_is_not_asked_for(cli: CommandLine) -> None:
    """GitHub shows it once."""
    name = f"{'a' * 250}.json"  # as long as names may be: that of its draft is too long
    refused = cli.run("github-app", "create", "--no-browser", GITHUB_APP_FILE=name)
    assert refused.returncode == 78
    assert "cannot be saved" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_app_of_the_settings_comes_before_the_file(tmp_path: Path) -> None:
    """The key and the secret of one App are never used with the id of another."""
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"GITHUB_APP_ID": "7", "GITHUB_WEBHOOK_SECRET": "s"}))
    alone = lookup_with_github_app_file({}.get, default=str(file))
    beside = lookup_with_github_app_file({"GITHUB_APP_ID": "8"}.get, default=str(file))
    assert (alone("GITHUB_APP_ID"), beside("GITHUB_APP_ID")) == ("7", "8")
    assert beside("GITHUB_APP_PRIVATE_KEY") is None
    assert beside("GITHUB_WEBHOOK_SECRET") is None
    same = lookup_with_github_app_file({"GITHUB_APP_ID": "7"}.get, default=str(file))
    assert same("GITHUB_WEBHOOK_SECRET") == "s"


@pytest.mark.parametrize("app_id", ['"7"', " 7 "])
def test_the_app_of_the_file_may_be_named_in_quotes(tmp_path: Path, app_id: str) -> None:
    """Docker's env files keep quotes, and blanks are no key."""
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"GITHUB_APP_ID": "7", "GITHUB_APP_PRIVATE_KEY": "k"}))
    settings = {
        "GITHUB_APP_ID": app_id,
        "GITHUB_APP_PRIVATE_KEY": " ",
        "GITHUB_APP_FILE": f'"{file}"',
    }
    assert lookup_with_github_app_file(settings.get)("GITHUB_APP_PRIVATE_KEY") == "k"
    place = {name: (value, "environment") for name, value in settings.items()}
    locate = locator_with_github_app_file(lambda name: place.get(name, (None, "default")))
    assert locate("GITHUB_APP_PRIVATE_KEY") == ("k", "private file")


def test_a_blank_key_names_no_app(tmp_path: Path) -> None:
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"GITHUB_APP_ID": "7"}))
    lookup = lookup_with_github_app_file({"GITHUB_APP_PRIVATE_KEY": " "}.get, default=str(file))
    assert lookup("GITHUB_APP_ID") == "7"


@pytest.mark.parametrize("content", ["{", "[]", '"a key"', "null", ""])
def test_a_file_that_holds_no_settings_is_reported_and_kept(tmp_path: Path, content: str) -> None:
    """It may be the damaged file of a key, which GitHub does not show again."""
    file = tmp_path / "app.json"
    file.write_text(content)
    for read in (
        lambda: lookup_with_github_app_file({}.get, default=str(file)),
        lambda: require_can_save_app(file),
        lambda: save_app(file, {"GITHUB_APP_ID": "8"}),
    ):
        with pytest.raises(BadSettings, match="restore it, or remove it and create the App again"):
            read()
    assert file.read_text() == content


def test_a_file_that_may_not_be_read_is_not_to_be_replaced(tmp_path: Path) -> None:
    """Its key is good."""
    with pytest.raises(BadSettings, match="correct its permissions") as raised:
        lookup_with_github_app_file({}.get, default=str(tmp_path))
    assert "create the App" not in str(raised.value)


def test_a_key_without_its_id_is_not_overwritten(tmp_path: Path) -> None:
    """GitHub does not show it again."""
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"GITHUB_APP_PRIVATE_KEY": "k"}))
    with pytest.raises(Rejected, match="a key without an ID"):
        require_can_save_app(file)
