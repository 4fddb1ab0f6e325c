"""The pages without a mouse: everything is reached by Tab, shows that it is, and works."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect
from support.anvil_people import first_password, signed_in
from support.anvil_server import EMAIL, AnvilApp
from support.browser import BrowserPage

_MAX_STOPS = 80

#: Whether the element with the focus shows that it has it: by an outline or a shadow that is drawn.
_IS_MARKED = """element => {
    const style = getComputedStyle(element);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
        || style.boxShadow !== "none";
}"""

#: Other tests may have collected other runs, failed ones among them.
_SOME_MATCH = re.compile(r"\d of \d runs match")


_WHERE = "() => document.activeElement.outerHTML.slice(0, 60)"


@dataclass
class Keyboard:
    """Press keys on a page; no mouse is ever used."""

    page: Page

    def tab_to(self, what: Locator) -> None:
        """Press Tab until an element has the focus and shows it."""
        expect(what).to_be_visible()
        way: list[str] = []
        while not what.evaluate("element => element === document.activeElement"):
            assert len(way) < _MAX_STOPS, way
            self.page.keyboard.press("Tab")
            way.append(self.page.evaluate(_WHERE))
        assert what.evaluate(_IS_MARKED), "the focus is not to be seen"

    def press(self, what: Locator, key: str = "Enter") -> None:
        """Go to an element and press a key on it."""
        self.tab_to(what)
        self.page.keyboard.press(key)

    def fill(self, what: Locator, text: str) -> None:
        """Go to a field and type."""
        self.tab_to(what)
        self.page.keyboard.type(text)


@pytest.fixture
def keyboard(login_page: Page, anvil_server: AnvilApp) -> Keyboard:
    """Log in by keys alone."""
    page = login_page
    keyboard = Keyboard(page)
    keyboard.fill(page.get_by_label("Email"), EMAIL)
    keyboard.fill(page.get_by_label("Password"), first_password(anvil_server))
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    return keyboard


def _go_to(keyboard: Keyboard, name: str) -> None:
    pages = keyboard.page.get_by_role("navigation", name="Pages")
    keyboard.press(pages.get_by_role("link", name=name, exact=True))
    heading = keyboard.page.locator(".page:not([data-loading]) h1").first
    expect(heading).to_have_text(name)
    expect(heading).to_be_focused()  # where a screen reader goes on


def test_the_navigation_can_be_skipped(keyboard: Keyboard) -> None:
    keyboard.press(keyboard.page.get_by_role("button", name="Skip to the page"))
    expect(keyboard.page.locator("main")).to_be_focused()


def test_a_repository_is_added_paused_and_removed(
    keyboard: Keyboard, browser_page: BrowserPage
) -> None:
    page = keyboard.page
    _go_to(keyboard, "Repositories")
    keyboard.fill(page.get_by_label("Add a repository"), "octo/web")
    expect(page.get_by_role("button", name="Add", exact=True)).to_be_enabled()
    page.keyboard.press("Enter")
    card = page.locator(".repository").filter(has_text="octo/web")
    keyboard.press(card.get_by_role("button", name="Pause"))
    expect(card.locator(".badge").first).to_have_text("Paused")

    keyboard.press(card.get_by_role("button", name="Remove…"), "Space")
    expect(card.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")

    expect(card).not_to_be_visible()
    assert browser_page.errors == []


@pytest.mark.usefixtures("collected")
def test_a_failing_jobs_log_is_found_searched_and_scrolled(
    keyboard: Keyboard, browser_page: BrowserPage
) -> None:
    page = keyboard.page
    _go_to(keyboard, "Runs")
    keyboard.tab_to(page.get_by_label("Conclusion"))
    page.keyboard.type("Failed")  # as a list is chosen from by its first letters
    expect(page.get_by_role("status").filter(has_text=_SOME_MATCH)).to_be_visible()
    keyboard.press(page.get_by_role("article").filter(has_text="octo/api").get_by_role("link"))
    keyboard.press(page.get_by_role("link", name="at the error").first)
    expect(page.locator('.log-row[aria-current="true"]')).to_contain_text("exit code 1")

    keyboard.fill(page.get_by_label("Search in the log"), "exit code")
    page.keyboard.press("Enter")
    expect(page.locator(".log-row mark").first).to_be_in_viewport()
    keyboard.press(page.get_by_role("button", name="Wrap"), "Space")
    expect(page.get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "true")
    keyboard.tab_to(page.get_by_role("region", name="Lines of the log"))
    page.keyboard.press("Control+Home")

    expect(page.locator('.log-row[data-line="1"]')).to_be_in_viewport()
    assert browser_page.errors == []


def test_the_menu_opens_and_closes_and_logs_out(keyboard: Keyboard) -> None:
    page = keyboard.page
    menu = page.get_by_role("button", name="Account and theme")
    keyboard.press(menu)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).not_to_be_visible()
    expect(menu).to_be_focused()

    keyboard.press(menu)
    keyboard.press(page.get_by_role("button", name="Log out"))

    expect(page.get_by_role("heading", name="Log in to Runstream")).to_be_visible()


def test_an_agent_is_paused_and_started(keyboard: Keyboard, anvil_server: AnvilApp) -> None:
    page = keyboard.page
    _go_to(keyboard, "Settings")
    keyboard.press(page.get_by_role("link", name="Agents"))
    control = page.locator(".agent-control").filter(has_text="Log Ingestion Agent")
    keyboard.press(control.get_by_role("button", name="Pause"))
    expect(control.get_by_text("Paused")).to_be_visible()

    keyboard.press(control.get_by_role("button", name="Start"))

    expect(control.get_by_text("Paused")).not_to_be_visible()
    with signed_in(anvil_server) as call:
        assert {each["state"] for each in call("get_settings")["agents"]} != {"paused"}
