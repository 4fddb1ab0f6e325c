"""What a new user wants to do first, and in how many clicks it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from playwright.sync_api import Locator, Page, expect
from support.anvil_people import signed_in
from support.anvil_server import AnvilApp

#: Other tests may have collected other runs, failed ones among them.
_SOME_MATCH = re.compile(r"\d of \d runs match")


@dataclass
class Hand:
    """Click and choose, and count it."""

    page: Page
    clicks: int = 0

    def click(self, what: Locator) -> None:
        """Click once."""
        what.click()
        self.clicks += 1

    def choose(self, name: str, value: str) -> None:
        """Open a list and choose from it: two clicks."""
        self.page.get_by_label(name).select_option(value)
        self.clicks += 2

    def go_to(self, name: str) -> None:
        """Click on a page's name in the navigation."""
        pages = self.page.get_by_role("navigation", name="Pages")
        self.click(pages.get_by_role("link", name=name, exact=True))


@pytest.fixture
def hand(page: Page) -> Hand:
    """A user who has just logged in, and sees the overview."""
    return Hand(page)


@pytest.fixture
def unwatched(anvil_server: AnvilApp) -> Iterator[str]:
    """Name a repository that is watched by nobody, before and after."""
    yield "octo/web"
    with signed_in(anvil_server) as call:
        call("remove_repository", "octo/web")


@pytest.fixture
def hidden(anvil_server: AnvilApp) -> Iterator[str]:
    """Name a watched repository that GitHub shows no more to the token."""
    with signed_in(anvil_server) as call:
        call("configure_repository", "octo/web")
        _let_fail(anvil_server, {"path": "/repos/octo/web", "do": "missing"})
        call("trigger_manual_collection")
    yield "octo/web"
    _let_fail(anvil_server)
    with signed_in(anvil_server) as call:
        call("remove_repository", "octo/web")


@pytest.fixture
def organization(anvil_server: AnvilApp) -> Iterator[str]:
    """Name an organization that is watched by nobody, before and after."""
    yield "octo"
    with signed_in(anvil_server) as call:
        for source in ("octo/*", "!octo/web", "!octo/long"):
            call("remove_source", source)
        for repository in call("get_repositories")["repositories"]:
            call("remove_repository", repository["full_name"])


def _let_fail(app: AnvilApp, *faults: dict[str, str]) -> None:
    answer = requests.post(f"{app.github.url}/_sandbox/faults", json=faults, timeout=10)
    answer.raise_for_status()


def test_a_repository_is_added_by_pasting_its_address(hand: Hand, unwatched: str) -> None:
    hand.go_to("Repositories")
    hand.click(hand.page.get_by_label("Add a repository"))
    hand.page.keyboard.insert_text(f"https://github.com/{unwatched}/actions")
    hand.click(hand.page.get_by_role("button", name="Add", exact=True))

    expect(hand.page.get_by_role("heading", name=unwatched)).to_be_visible()
    assert hand.clicks == 3


@pytest.mark.usefixtures("collected")
def test_whether_collection_works_is_seen_without_a_click(hand: Hand) -> None:
    page = hand.page
    expect(page.locator(".verdict .badge")).to_have_text(
        "Collecting from 1 repository. Everything works."
    )
    for agent in ("Pipeline Monitoring Agent", "Log Ingestion Agent"):
        card = page.locator(".card").filter(has=page.get_by_role("heading", name=agent))
        expect(card.locator(".badge").first).to_have_text(re.compile("Idle|Running"))
    assert hand.clicks == 0


@pytest.mark.usefixtures("collected")
def test_the_newest_failed_run_of_a_workflow_is_two_choices_away(hand: Hand) -> None:
    hand.go_to("Runs")
    hand.choose("Workflow", "CI")
    hand.choose("Conclusion", "failure")

    first = hand.page.get_by_role("article").first
    expect(first.locator(".badge")).to_have_text("Failed")
    expect(hand.page.get_by_role("status").filter(has_text=_SOME_MATCH)).to_be_visible()
    assert hand.clicks == 5


@pytest.mark.usefixtures("collected")
def test_the_failing_step_is_read_from_the_overview_in_two_clicks(hand: Hand) -> None:
    failures = hand.page.locator(".card").filter(has_text="Newest failures")
    hand.click(failures.get_by_role("article").filter(has_text="octo/api").get_by_role("link"))
    hand.click(hand.page.get_by_role("link", name="at the error").first)

    line = hand.page.locator('.log-row[aria-current="true"]')
    expect(line).to_contain_text("Process completed with exit code 1.")
    expect(line).to_be_in_viewport()
    assert hand.clicks == 2


def test_why_a_repository_is_not_collected_is_one_click_away(hand: Hand, hidden: str) -> None:
    """It is also said on the overview that something is wrong."""
    expect(hand.page.locator(".verdict .badge")).to_have_text(f"{hidden} cannot be collected.")
    hand.go_to("Repositories")

    card = hand.page.locator(".repository").filter(has_text=hidden)
    expect(card.locator(".badge").first).to_have_text("Failing")
    expect(card).to_contain_text("GitHub does not show")
    expect(card).to_contain_text("Check the repository's name and that the ")
    assert hand.clicks == 1


@pytest.mark.usefixtures("collected")
def test_the_failures_of_a_branch_in_the_last_week_are_six_clicks_away(hand: Hand) -> None:
    hand.go_to("Runs")
    hand.click(hand.page.get_by_role("button", name="Last 7 days"))
    hand.choose("Branch", "main")
    hand.choose("Conclusion", "failure")

    expect(hand.page).to_have_url(re.compile(r"branch=main&conclusion=failure&since=\d{4}-\d\d-"))
    expect(hand.page.get_by_role("article").first.locator(".badge")).to_have_text("Failed")
    expect(hand.page.get_by_role("button", name="Copy link to this list")).to_be_visible()
    assert hand.clicks == 6


def test_a_colleague_is_let_in_as_a_viewer_in_four_clicks(hand: Hand) -> None:
    page = hand.page
    hand.go_to("Settings")
    hand.click(page.get_by_role("link", name="Accounts"))
    hand.click(page.get_by_label("Add an account"))
    page.keyboard.insert_text("colleague@example.com")
    hand.click(page.get_by_role("button", name="Add", exact=True))

    added = page.locator(".account-row").filter(has_text="colleague@example.com")
    expect(added.locator("select")).to_have_value("viewer")
    assert hand.clicks == 4


def test_an_organization_without_two_repositories_is_added_in_seven_clicks(
    hand: Hand, organization: str
) -> None:
    """What is left out first is never watched, and the preview names it."""
    page = hand.page
    hand.go_to("Repositories")
    left_out = (f"!{organization}/web", f"!{organization}/long")
    for source, added in (*zip(left_out, left_out, strict=True), (organization, "octo/*")):
        hand.click(page.get_by_label("Add a repository"))
        page.keyboard.insert_text(source)
        hand.click(page.get_by_role("button", name="Add", exact=True))
        expect(page.get_by_text(f"{added} was added.")).to_be_visible()

    for name in ("api", "matrix"):
        card = page.locator(".repository").filter(has_text=f"{organization}/{name}")
        expect(card).to_be_visible()
    expect(page.locator(".repository")).to_have_count(2)
    assert hand.clicks == 7


@pytest.mark.usefixtures("collected")
def test_eleven_lines_of_a_failing_step_are_a_link_in_five_clicks(hand: Hand) -> None:
    page = hand.page
    failures = page.locator(".card").filter(has_text="Newest failures")
    hand.click(failures.get_by_role("article").filter(has_text="octo/api").get_by_role("link"))
    hand.click(page.get_by_role("link", name="at the error").first)
    error = page.locator('.log-row[aria-current="true"]')
    last = int(str(error.get_attribute("data-line")))
    page.evaluate(
        "document.addEventListener('copy', () => { window.copied = document.activeElement.value })"
    )

    first = page.locator(f'.log-row[data-line="{last - 10}"] .log-number')
    hand.click(first)
    page.locator(f'.log-row[data-line="{last}"] .log-number').click(modifiers=["Shift"])
    hand.clicks += 1
    hand.click(page.get_by_role("button", name="Copy link"))

    link = str(page.wait_for_function("window.copied").json_value())
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator('.log-row[aria-current="true"]')).to_have_count(11)
    assert hand.clicks == 5
