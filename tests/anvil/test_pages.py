"""The pages on the real server, in a browser: what a new user does, and what must never happen."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from support.anvil_people import sign_in, signed_in
from support.anvil_server import MATRIX_JOBS, AnvilApp, hanging, processes_of
from support.browser import PATIENCE_MS, BrowserPage
from support.command_line import wait_until

REPOSITORY = "octo/api"
PAGES = (
    *("overview", "repositories", "runs", "workflows", "run?run_id=1", "log", "activity"),
    *("settings", "settings?part=event-bus", "nowhere"),
)

#: Other tests may have collected runs of other repositories.
_ONE_MATCHES = re.compile(r"1 of \d runs match")

#: Names the elements that moved without the person's doing.
_NOTE_SHIFTS = """
    window.shifted = [];
    new PerformanceObserver(list => list.getEntries().forEach(
        entry => entry.sources.forEach(({node}) => node && shifted.push(node.nodeName))
    )).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("address", PAGES)
def test_a_page_opens_without_errors_and_asks_no_other_host(
    page: Page, browser_page: BrowserPage, anvil_server: AnvilApp, address: str
) -> None:
    page.goto(f"{anvil_server.url}/#{address}")

    expect(page.locator(".page:not([data-loading]) h1").first).to_be_visible()
    assert browser_page.errors == []
    assert browser_page.foreign_requests == []


@pytest.mark.usefixtures("collected")
def test_the_error_in_the_newest_failed_run_is_three_clicks_away(
    page: Page, browser_page: BrowserPage
) -> None:
    page.get_by_role("link", name="Runs", exact=True).click()
    failed = page.get_by_role("article").filter(has_text="Failed").filter(has_text=REPOSITORY)
    failed.get_by_role("link").click()
    page.get_by_role("link", name="at the error").first.click()

    line = page.locator('.log-row[aria-current="true"]')
    expect(line).to_contain_text("Process completed with exit code 1.")
    expect(line).to_be_in_viewport()
    assert "&line=" in page.url
    assert browser_page.errors == []


@pytest.mark.usefixtures("collected")
def test_a_filter_stands_in_the_address_so_that_the_list_can_be_shared(
    page: Page, browser_page: BrowserPage, anvil_server: AnvilApp
) -> None:
    page.goto(f"{anvil_server.url}/#runs?conclusion=failure&repository={REPOSITORY}")
    expect(page.get_by_role("status").filter(has_text=_ONE_MATCHES)).to_be_visible()

    page.get_by_label("Conclusion").select_option("success")

    expect(page).to_have_url(f"{anvil_server.url}/#runs?conclusion=success&repository={REPOSITORY}")
    expect(page.locator(".run-row .badge:visible")).to_have_text(["Success"])
    assert browser_page.errors == []


def test_an_open_page_gives_way_to_the_login_when_its_account_is_disabled(
    browser_page: BrowserPage, anvil_server: AnvilApp
) -> None:
    page = browser_page.page
    with signed_in(anvil_server) as call:
        made = call("add_account", "leaving@example.com")
        page.goto(anvil_server.url)
        page.set_default_timeout(PATIENCE_MS)
        sign_in(page, made["email"], made["password"])

        call("set_account_enabled", made["email"], False)

    expect(page.get_by_role("heading", name="Log in to Runstream")).to_be_visible(
        timeout=PATIENCE_MS
    )
    assert browser_page.errors == []


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("other", ["run?run_id=1", "log"])
def test_the_title_forgets_what_is_no_longer_shown(
    page: Page, anvil_server: AnvilApp, other: str
) -> None:
    run = next(each for each in anvil_server.github.truth() if each["repo"] == REPOSITORY)
    run_id, job_id = run["run_id"], run["jobs"][0]["job_id"]
    name = other.partition("?")[0]
    page.goto(f"{anvil_server.url}/#{name}?run_id={run_id}&job_id={job_id}")
    expect(page).not_to_have_title(f"{name.title()} · Runstream")

    page.goto(f"{anvil_server.url}/#{other}")

    expect(page).to_have_title(f"{name.title()} · Runstream")


@pytest.fixture
def matrix_run(anvil_server: AnvilApp) -> Iterator[int]:
    """Collect a run with more jobs than a page shows at once."""
    with signed_in(anvil_server) as call:
        call("configure_repository", "octo/matrix")
        wait_until(
            lambda: call("get_recent_metrics", repository="octo/matrix")["runs"],
            seconds=PATIENCE_MS / 1000,
        )
        [run] = call("get_recent_metrics", repository="octo/matrix")["runs"]
    yield run["run_id"]
    with signed_in(anvil_server) as call:
        call("remove_repository", "octo/matrix")


def test_of_very_many_jobs_some_are_drawn_and_more_on_request(
    page: Page, browser_page: BrowserPage, anvil_server: AnvilApp, matrix_run: int
) -> None:
    page.goto(f"{anvil_server.url}/#run?run_id={matrix_run}")
    jobs = page.locator(".job:visible")
    expect(jobs).to_have_count(50)
    expect(jobs.first).to_contain_text("last")
    page.get_by_role("button", name="Show 50 more of 120 jobs").click()
    expect(jobs).to_have_count(100)
    expect(jobs.nth(50).locator("summary")).to_be_focused()

    page.get_by_role("button", name="Show 20 more of 120 jobs").click()

    expect(jobs).to_have_count(MATRIX_JOBS)
    expect(page.get_by_role("button", name="more of")).not_to_be_visible()
    assert browser_page.errors == []


def test_a_server_that_hangs_is_spoken_of_until_it_answers(
    page: Page, anvil_server: AnvilApp
) -> None:
    """It is no lost connection: nothing fails, and nothing comes."""
    expect(page.locator(".page:not([data-loading]) h1").first).to_be_visible()
    with hanging(anvil_server):
        expect(page.get_by_text("Runstream does not respond")).to_be_visible()
    expect(page.get_by_text("Runstream does not respond")).not_to_be_visible()


@pytest.mark.parametrize("part", ["checks", "you"])
def test_every_part_of_the_settings_can_be_seen_and_chosen_on_a_phone(
    page: Page, anvil_server: AnvilApp, part: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{anvil_server.url}/#settings?part={part}")

    parts = page.get_by_role("navigation", name="Settings").get_by_role("link")
    expect(parts).to_have_count(8)
    for link in parts.all():
        expect(link).to_be_in_viewport(ratio=1)


def test_a_killed_runtime_is_a_lost_connection_until_it_is_back(
    page: Page, anvil_server: AnvilApp
) -> None:
    """Anvil calls it an internal server error; the server begins another one by itself."""
    expect(page.locator(".page:not([data-loading]) h1").first).to_be_visible()
    banner = page.locator(".connection p")
    page.evaluate(
        """() => {
          const banner = document.querySelector('.connection p');
          window.said = [];
          new MutationObserver(() => { window.said.push(banner.textContent); })
            .observe(banner, { childList: true, characterData: true, subtree: true });
        }"""
    )
    names = ["Runs", "Activity"]
    end = time.monotonic() + PATIENCE_MS / 1000
    while not any(
        text.startswith("The connection to Runstream is") for text in page.evaluate("window.said")
    ):
        assert time.monotonic() < end, f"only {page.evaluate('window.said')} is said"
        for pid in processes_of(anvil_server, "anvil_downlink"):
            os.kill(pid, signal.SIGKILL)
        names.reverse()
        page.get_by_role("link", name=names[0], exact=True).click()
        page.wait_for_timeout(500)

    assert "Internal server error" not in str(page.evaluate("window.said"))
    expect(banner).not_to_be_visible()


def test_an_unknown_run_leads_on_to_the_others(page: Page, anvil_server: AnvilApp) -> None:
    page.goto(f"{anvil_server.url}/#run?run_id=424242")
    expect(page.get_by_role("heading", name="This run cannot be shown")).to_be_visible()
    page.get_by_role("link", name="View all runs").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_a_removed_repository_is_no_longer_said_to_be_added(
    page: Page, browser_page: BrowserPage, anvil_server: AnvilApp
) -> None:
    page.goto(f"{anvil_server.url}/#repositories")
    page.get_by_label("Add a repository").fill("octo/web")
    page.get_by_role("button", name="Add", exact=True).click()
    added = page.get_by_text("octo/web was added.")
    expect(added).to_be_visible()
    card = page.locator(".repository").filter(has_text="octo/web")
    expect(card).to_be_visible()

    page.wait_for_timeout(5500)
    card.get_by_role("button", name="Remove…").click()
    card.get_by_role("button", name="Remove", exact=True).click()

    expect(card).not_to_be_visible()
    expect(added).not_to_be_visible()
    assert browser_page.errors == []


def test_what_was_done_to_all_repositories_is_told_while_it_holds(
    page: Page, browser_page: BrowserPage, anvil_server: AnvilApp
) -> None:
    names = ("octo/web", "octo/matrix")
    with signed_in(anvil_server) as call:
        for name in names:
            call("configure_repository", name)
        page.goto(f"{anvil_server.url}/#repositories")
        page.get_by_role("button", name="Pause all 2").click()
        told = page.get_by_text("Paused 2 repositories.")
        expect(told).to_be_visible()
        expect(page.get_by_role("button", name="Resume all 2")).to_be_visible()
        expect(told).to_be_visible()

        card = page.locator(".repository").filter(has_text=names[0])
        card.get_by_role("button", name="Resume").click()

        expect(card.get_by_role("button", name="Pause")).to_be_visible()
        expect(told).not_to_be_visible()
        for name in names:
            call("remove_repository", name)
    assert browser_page.errors == []


def test_the_footer_does_not_jump_while_pages_open(page: Page, anvil_server: AnvilApp) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.add_init_script(_NOTE_SHIFTS)
    page.goto(f"{anvil_server.url}/#overview")
    page.reload()
    for heading in ("Runs", "Repositories", "Workflows"):
        page.get_by_role("link", name=heading, exact=True).click()
        expect(page.locator(".page:not([data-loading]) h1")).to_have_text(heading)

    assert "FOOTER" not in page.evaluate("shifted")


def test_a_removal_that_is_refused_says_why(page: Page, anvil_server: AnvilApp) -> None:
    """A colleague was faster; a page in the background is refreshed when it is seen again."""
    # Hidden from its beginning, so that no refresh is under way when the repository is removed.
    page.add_init_script("Object.defineProperty(document, 'hidden', {value: true, writable: true})")
    with signed_in(anvil_server) as call:
        call("configure_repository", "octo/web")
        page.goto(f"{anvil_server.url}/#repositories")
        card = page.locator(".repository").filter(has_text="octo/web")
        expect(card).to_be_visible()
        call("remove_repository", "octo/web")

    card.get_by_role("button", name="Remove…").click()
    card.get_by_role("button", name="Remove", exact=True).click()

    expect(page.get_by_text("octo/web is not watched.")).to_be_visible()
    page.evaluate("document.hidden = false")
    expect(card).not_to_be_visible()
