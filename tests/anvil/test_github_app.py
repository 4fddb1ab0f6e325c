"""From nothing to a working GitHub App on the dashboard, over GitHub's pages, and its sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from ingest.bootstrap.github import EXCHANGE_TRIES
from playwright.sync_api import Locator, Page, expect
from support.anvil_people import first_password, sign_in, signed_in
from support.anvil_server import EMAIL, AnvilApp, ServeAnvil
from support.browser import BrowserPage, visit

WITHOUT_CREDENTIALS = {"GITHUB_TOKEN": "", "GITHUB_WEBHOOK_SECRET": ""}


@pytest.fixture(scope="module")
def app_without_credentials(serve_anvil: ServeAnvil) -> AnvilApp:
    """Serve an app that has neither a token nor an App nor a webhook secret."""
    return serve_anvil(settings=WITHOUT_CREDENTIALS)


@pytest.fixture
def admin(app_without_credentials: AnvilApp, browser_page: BrowserPage) -> BrowserPage:
    """Log in as the first account."""
    page = browser_page.page
    visit(page, app_without_credentials.url)
    sign_in(page, EMAIL, first_password(app_without_credentials))
    return browser_page


class Clicks:
    """Click, and count it."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, what: Locator) -> None:
        what.click()
        self.count += 1


def test_an_app_is_created_installed_and_collects_in_six_clicks(admin: BrowserPage) -> None:
    """No secret is typed or copied; afterwards an organization is watched with the App."""
    page, click = admin.page, Clicks()
    click(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Settings"))
    _open_credentials(page, click)
    click(page.get_by_role("button", name="Create GitHub App"))
    click(page.get_by_role("button", name="Create GitHub App for octocat"))
    click(page.get_by_role("button", name="Install"))
    expect(page.get_by_text("The GitHub App is installed.")).to_be_visible()
    assert click.count <= 6
    field = page.get_by_label("Add a repository or an organization")
    field.fill("octo")
    expect(page.get_by_text("4 repositories (0 private), 0 left out")).to_be_visible()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("octo/* was added.")).to_be_visible()
    expect(page.get_by_role("link", name="octo/matrix", exact=True)).to_be_visible()
    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Settings").click()
    _open_credentials(page, click)
    expect(page.get_by_text("app installation of octo; 4 repositories listed")).to_be_visible()
    expect(page.get_by_text("Runstream uses the GitHub App")).to_be_visible()
    pages.get_by_role("link", name="Runs").click()
    expect(page.get_by_text("runs").first).to_be_visible()
    _filter_pause_and_remove(page)
    assert admin.errors == []


def test_an_app_that_github_fails_to_hand_over_is_received_again(
    serve_anvil: ServeAnvil, browser_page: BrowserPage
) -> None:
    """The code is good for an hour, and nothing has to be created twice."""
    app, page = serve_anvil(settings=WITHOUT_CREDENTIALS), browser_page.page
    visit(page, app.url)
    sign_in(page, EMAIL, first_password(app))
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Settings").click()
    _open_credentials(page, Clicks())
    page.get_by_role("button", name="Create GitHub App").click()
    fault = {"path": "/conversions$", "do": "error", "status": 502, "count": EXCHANGE_TRIES}
    requests.post(f"{app.github.url}/_sandbox/faults", json=[fault], timeout=10).raise_for_status()
    page.get_by_role("button", name="Create GitHub App for octocat").click()
    again = page.get_by_role("button", name="Receive the App again")
    expect(page.get_by_role("status").filter(has_text="502")).to_be_visible()
    again.click()
    expect(page.get_by_role("button", name="Install")).to_be_visible()


def test_a_key_that_cannot_be_saved_is_shown_and_saved_again(
    serve_anvil: ServeAnvil, browser_page: BrowserPage, tmp_path: Path
) -> None:
    """GitHub gives it once: a full disk or a lost folder costs no App."""
    folder = tmp_path / "kept"
    file = folder / "github-app.json"
    app = serve_anvil(settings={**WITHOUT_CREDENTIALS, "GITHUB_APP_FILE": str(file)})
    page = browser_page.page
    visit(page, app.url)
    sign_in(page, EMAIL, first_password(app))
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Settings").click()
    _open_credentials(page, Clicks())
    page.get_by_role("button", name="Create GitHub App").click()
    create = page.get_by_role("button", name="Create GitHub App for octocat")
    expect(create).to_be_visible()
    folder.rmdir()
    folder.symlink_to(tmp_path / "nowhere")
    create.click()
    expect(page.get_by_text("GitHub shows the key only once.")).to_be_visible()
    expect(page.get_by_text("github_app_private_key", exact=True)).to_be_visible()
    again = page.get_by_role("button", name="Save the App again")
    again.click()
    expect(page.get_by_role("status").filter(has_text=str(file))).to_be_visible()
    folder.unlink()
    again.click()
    expect(page.get_by_role("button", name="Install")).to_be_visible()
    assert "GITHUB_APP_PRIVATE_KEY" in json.loads(file.read_text())


def test_a_damaged_file_of_the_app_is_reported_on_the_settings_page(
    serve_anvil: ServeAnvil, tmp_path: Path
) -> None:
    """Who is to correct it needs the page, on which the valid settings are not missing."""
    file = tmp_path / "github-app.json"
    valid = {"GITHUB_TOKEN": "", "GITHUB_WEBHOOK_SECRET": "a secret"}
    app = serve_anvil(settings={**valid, "GITHUB_APP_FILE": str(file)})
    with signed_in(app) as call:
        file.write_text("[")
        answer = call("get_settings")
    [fault] = answer["settings_errors"]
    assert str(file) in fault
    assert answer["settings"]
    assert answer["webhook"]["secret_is_set"]


def _filter_pause_and_remove(page: Page) -> None:
    """The page says when filters apply, and what a removal does before it is done."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Repositories").click()
    page.get_by_role("button", name="Filters…").click()
    page.get_by_label("Branches").fill("main")
    page.get_by_role("button", name="Save filters").click()
    expect(page.get_by_text("They apply to runs that are found from now on")).to_be_visible()
    expect(page.get_by_text("branches main").first).to_be_visible()
    page.get_by_label("Search").fill("matrix")
    expect(page.get_by_text("1 repository", exact=True)).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="Pause all 4").click()
    expect(page.get_by_text("0 repositories watched, 4 paused")).to_be_visible()
    page.get_by_role("button", name="Resume all 4").click()
    expect(page.get_by_text("4 repositories watched")).to_be_visible()
    sources = page.get_by_label("Sources")
    sources.get_by_role("button", name="Remove…").click()
    expect(page.get_by_text("4 repositories are no longer polled")).to_be_visible()
    sources.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("0 repositories watched, 4 paused")).to_be_visible()


def _open_credentials(page: Page, click: Clicks) -> None:
    """Open the part of the settings that the App is created in, where there are parts."""
    part = page.get_by_role("link", name="Credentials")
    page.get_by_role("heading", name="Settings").wait_for()
    if part.count():
        click(part)
