"""Why logs lag is shown on the overview, and fixed there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from support.anvil_people import first_password, sign_in, signed_in
from support.anvil_server import EMAIL, AnvilApp, ServeAnvil
from support.browser import BrowserPage, visit
from support.command_line import wait_until

AGENT = "Log Ingestion Agent"
REPOSITORY = "octo/api"

#: The schedule comes by once a minute, and a busy machine is slow.
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def app(serve_anvil: ServeAnvil) -> AnvilApp:
    """Serve an app whose log agent is paused while the other one collects a repository."""
    served = serve_anvil()
    with signed_in(served) as call:
        call("control_agent", AGENT, "pause")
        call("configure_repository", REPOSITORY)

        def are_logs_pending() -> bool:
            return bool(call("get_collection_status")["repositories"]["logs_pending"])

        wait_until(are_logs_pending, seconds=PATIENCE_SECONDS)
    return served


@pytest.fixture
def overview(app: AnvilApp, browser_page: BrowserPage) -> Page:
    """Open the overview as the first account."""
    page = browser_page.page
    visit(page, app.url)
    sign_in(page, EMAIL, first_password(app))
    return page


@pytest.mark.timeout(600)
def test_why_logs_lag_is_seen_without_a_click_and_mended_with_one(overview: Page) -> None:
    expect(overview.locator(".verdict .badge")).to_have_text(f"The {AGENT} is paused.")
    reason = overview.locator('[anvil-name="oldest_reason"]')
    expect(reason).to_have_text(
        re.compile(rf".+ in {REPOSITORY} waits for the {AGENT}: it is paused\.")
    )
    card = overview.locator(".agent").filter(has_text=AGENT)
    card.get_by_role("button", name="Start").click()

    expect(overview.locator('[anvil-name="oldest"]')).to_have_text("none", timeout=240_000)
    expect(reason).to_have_text("")
