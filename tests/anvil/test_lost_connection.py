"""What pages claim while the browser's connection to the server is lost, and afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from support.anvil_people import first_password, sign_in, signed_in
from support.anvil_server import EMAIL, AnvilApp
from support.browser import BrowserPage, visit

NONE_FAILED = re.compile("checks passed|No check failed")


@dataclass
class Connection:
    """The browser's connection to the server, which may be cut."""

    is_cut: bool = False
    open_routes: list[WebSocketRoute] = field(default_factory=list)

    def connect(self, route: WebSocketRoute) -> None:
        """Connect to the server, or refuse."""
        if self.is_cut:
            route.close()
        else:
            self.open_routes += [route, route.connect_to_server()]

    def cut(self) -> None:
        """Close what is open, and refuse what is tried."""
        self.is_cut = True
        for route in self.open_routes:
            route.close()
        self.open_routes.clear()

    def restore(self) -> None:
        """Accept connections again."""
        self.is_cut = False


@pytest.fixture
def connection(browser_page: BrowserPage) -> Connection:
    """Hold the connection of the browser's page."""
    connection = Connection()
    browser_page.page.route_web_socket(re.compile("/_/ws"), connection.connect)
    return connection


@pytest.fixture
def admin(anvil_server: AnvilApp, browser_page: BrowserPage, connection: Connection) -> Page:
    """Log in as the first account, over that connection."""
    visit(browser_page.page, anvil_server.url)
    sign_in(browser_page.page, EMAIL, first_password(anvil_server))
    return browser_page.page


def test_checks_without_a_connection_are_not_passed(admin: Page, connection: Connection) -> None:
    admin.evaluate("location.hash = 'settings?part=checks'")
    again = admin.get_by_role("button", name="Run again")
    expect(again).to_be_enabled()
    expect(admin.locator(".checks-status")).to_contain_text(NONE_FAILED)

    connection.cut()
    again.click()

    lost = admin.get_by_text("The connection was lost before all checks were run.")
    expect(lost).to_be_visible()
    connection.restore()
    expect(admin.get_by_text("The connection to Runstream is lost.")).not_to_be_visible()
    again.click()
    expect(admin.locator(".checks-status")).to_contain_text(NONE_FAILED)


def test_a_name_is_checked_when_the_connection_is_back(admin: Page, connection: Connection) -> None:
    admin.evaluate("location.hash = 'repositories'")
    field = admin.get_by_label("Add a repository or an organization")
    expect(field).to_be_visible()
    connection.cut()

    field.fill("octo/api")

    expect(admin.get_by_text("The server did not respond.")).to_be_visible()
    connection.restore()
    expect(admin.get_by_text("octo/api is public and has")).to_be_visible()


def test_a_call_that_is_lost_leaves_no_progress_behind(
    admin: Page, anvil_server: AnvilApp, connection: Connection
) -> None:
    with signed_in(anvil_server) as call:
        call("configure_repository", "octo/web")
    admin.evaluate("location.hash = 'repositories'")
    card = admin.locator(".repository").filter(has_text="octo/web")
    pause = card.get_by_role("button", name="Pause", exact=True)
    expect(pause).to_be_enabled()
    connection.cut()

    pause.click()

    expect(admin.get_by_text("The connection to Runstream is lost.")).to_be_visible()
    expect(pause).to_be_enabled()
    connection.restore()
    with signed_in(anvil_server) as call:
        call("remove_repository", "octo/web")


def test_a_page_opened_again_after_minutes_claims_nothing_of_before(
    admin: Page, connection: Connection
) -> None:
    overview = admin.get_by_role("heading", name="Welcome to Runstream")
    expect(overview).to_be_visible()
    admin.evaluate("location.hash = 'repositories'")
    expect(admin.get_by_label("Add a repository or an organization")).to_be_visible()
    connection.cut()

    admin.evaluate("location.hash = 'overview'")
    expect(overview).to_be_visible()
    admin.evaluate("location.hash = 'repositories'")
    admin.clock.set_fixed_time(datetime.now(timezone.utc) + timedelta(minutes=2))
    admin.evaluate("location.hash = 'overview'")

    expect(admin.get_by_text("Loading Overview…")).to_be_visible()
    expect(overview).not_to_be_visible()
    connection.restore()
    expect(overview).to_be_visible()
