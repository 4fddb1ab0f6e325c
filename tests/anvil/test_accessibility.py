"""Every page on the real server, checked by axe-core in the looks that people use."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from support.anvil_server import AnvilApp

PARTS = ("checks", "sources", "credentials", "event-bus", "webhook", "agents", "accounts", "you")

#: By how many pixels a page can be scrolled sideways.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

LOOKS = (("light", 1440), ("dark", 1440), ("light", 768), ("light", 390))


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_the_window(
    page: Page, anvil_server: AnvilApp, scheme: str, width: int
) -> None:
    run = next(each for each in anvil_server.github.truth() if each["repo"] == "octo/api")
    ids = f"run_id={run['run_id']}"
    job = run["jobs"][0]
    titles = {
        **dict.fromkeys(("overview", "overview?window=7d"), "Overview"),
        **{name.lower(): name for name in ("Repositories", "Runs", "Workflows", "Activity")},
        **{f"settings?part={part}": "Settings" for part in PARTS},
        f"run?{ids}": "CI #",
        f"log?{ids}&job_id={job['job_id']}": job["job_name"],
        f"log?{ids}&job_id={job['job_id']}&line=2": job["job_name"],
        "log": "Log",
        "nowhere": "Page not found",
    }
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    found, wide = {}, {}
    for address, title in titles.items():
        page.goto(f"{anvil_server.url}/#{address}")
        expect(page).to_have_title(re.compile(f"^{title}"))  # the page before it has gone
        expect(page.locator(".page:not([data-loading]) h1").first).to_be_visible()
        page.wait_for_timeout(500)  # colors fade to those of the new page
        violations = Axe().run(page).response["violations"]
        sideways = page.evaluate(SIDEWAYS)
        if sideways > 0:
            wide[address] = sideways
        if violations:
            found[address] = [
                (each["id"], [node["html"][:200] for node in each["nodes"]]) for each in violations
            ]
    assert found == {}
    assert wide == {}
