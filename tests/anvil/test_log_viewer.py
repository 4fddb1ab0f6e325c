"""The log viewer on the real server: what people know from GitHub's, by mouse and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.anvil_people import signed_in
from support.anvil_server import ANNOTATED_LINE, LONG_REPOSITORY, AnvilApp
from support.browser import PATIENCE_MS, BrowserPage
from support.command_line import wait_until

_TIME_OR_COLOR = re.compile(r"^\d{4}-\d\d-\d\dT\S+Z |\x1b\[[\d;]*m")


@pytest.fixture(scope="module")
def long_run(anvil_server: AnvilApp) -> Iterator[dict[str, Any]]:
    """Collect a run with a long log, and return it with its jobs by name."""
    with signed_in(anvil_server) as call:
        call("configure_repository", LONG_REPOSITORY)
        wait_until(
            lambda: call("get_repositories")["repositories"][0]["logs_fetched"],
            seconds=PATIENCE_MS / 1000,
        )
        runs = call("get_recent_metrics", repository=LONG_REPOSITORY)["runs"]
        shown = call("get_run", next(run["run_id"] for run in runs))
        jobs = {job["job_name"]: job["job_id"] for job in shown["run"]["jobs"]}
        run_id = shown["run"]["run_id"]
        log = call("download_log", run_id, jobs["test"]).get_bytes().decode("utf-8-sig")
    yield {"run_id": run_id, "jobs": jobs, "log": log, "lines": log.split("\n")}
    with signed_in(anvil_server) as call:
        call("remove_repository", LONG_REPOSITORY)


@pytest.fixture
def log_page(page: Page, anvil_server: AnvilApp, long_run: dict[str, Any]) -> Page:
    """Open the long log, with its outline."""
    _open(page, anvil_server, long_run)
    return page


def _open(page: Page, app: AnvilApp, run: dict[str, Any], more: str = "") -> None:
    page.goto(f"{app.url}/#log?run_id={run['run_id']}&job_id={run['jobs']['test']}{more}")
    expect(page.locator(".log-step").first).to_be_visible()


def _chosen(page: Page) -> Locator:
    return page.locator('.log-row[aria-current="true"]')


def _numbers(lines: list[str], text: str) -> list[int]:
    return [number for number, line in enumerate(lines, 1) if text in line]


def test_chosen_lines_end_with_the_log(
    page: Page, anvil_server: AnvilApp, long_run: dict[str, Any]
) -> None:
    last = long_run["log"].rstrip("\n").count("\n") + 1
    _open(page, anvil_server, long_run, f"&line=L{last - 1}-L999999")
    expect(_chosen(page)).to_have_count(2)
    expect(page).to_have_url(re.compile(f"line=L{last - 1}-L{last}&"))


def test_every_key_of_the_viewer_does_what_the_list_of_keys_promises(
    log_page: Page, browser_page: BrowserPage, long_run: dict[str, Any]
) -> None:
    page, press = log_page, log_page.keyboard.press
    frame = page.get_by_role("region", name="Lines of the log")
    found = _numbers(long_run["lines"], "src/part_1")

    press("/")
    page.keyboard.type("src/part_1")
    expect(page.locator(".log-matches")).to_have_text(f"1 of {len(found)} matches")
    expect(page).to_have_url(re.compile(f"line=L{found[0]}&"))
    press("Enter")
    expect(page).to_have_url(re.compile(f"line=L{found[1]}&"))
    press("Shift+Enter")
    expect(page).to_have_url(re.compile(f"line=L{found[0]}&"))
    press("Escape")
    expect(page.get_by_label("Search in the log")).to_have_value("src/part_1")
    press("n")
    expect(page).to_have_url(re.compile(f"line=L{found[1]}&"))
    press("N")
    expect(page).to_have_url(re.compile(f"line=L{found[0]}&"))
    press("e")
    expect(_chosen(page)).to_contain_text("Process completed with exit code 1.")
    warned = _numbers(long_run["lines"], "##[warning]")
    press("a")
    expect(page).to_have_url(re.compile(f"line=L{warned[0]}&"))
    press("A")
    expect(page).to_have_url(re.compile(f"line=L{warned[-1]}&"))
    press("g")
    page.keyboard.type("30\n")
    expect(_chosen(page)).to_have_attribute("data-line", "30")

    for key, name in (("t", "Times"), ("w", "Wrap"), ("f", "Maximize"), ("o", "Fold groups")):
        button = page.get_by_role("button", name=name, exact=True)
        press(key)
        expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".log-time").first).to_have_text(re.compile(r"^\d{4}-.* UTC$"))
    assert frame.bounding_box()["width"] > 900  # type: ignore[index]
    press("Escape")
    expect(page.get_by_role("button", name="Maximize")).to_have_attribute("aria-pressed", "false")
    page.reload()  # the look of a log is that of the next one
    expect(page.get_by_role("button", name="Times", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(frame).to_have_class(re.compile("has-times is-wrapped"))
    expect(page.locator(".log-step").first).to_be_visible()
    press("?")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("button", name="Close")).not_to_be_visible()
    assert browser_page.errors == []


def test_steps_and_groups_are_folded_and_jumped_to(
    log_page: Page, browser_page: BrowserPage, long_run: dict[str, Any]
) -> None:
    page = log_page
    first = _numbers(long_run["lines"], "##[group]Run tests")[0]

    page.get_by_role("button", name="Lines of Set up job").click()
    expect(page.locator('.log-row[data-line="2"]')).to_have_count(0)
    page.get_by_role("button", name="Lines of Set up job").click()
    expect(page.locator('.log-row[data-line="2"]')).to_be_visible()
    page.locator(".log-row .log-fold").first.click()
    expect(page.locator('.log-row[data-line="2"]')).to_have_count(0)
    page.locator(".log-fold ~ .log-line").first.click()
    expect(page.locator('.log-row[data-line="2"]')).to_be_visible()

    page.locator(".log-step").filter(has_text="Run tests").locator(".log-step-go").click()

    expect(_chosen(page)).to_have_attribute("data-line", str(first))
    expect(page.locator(".log-current")).to_have_text("Run tests")
    assert browser_page.errors == []


@pytest.mark.parametrize(
    ("width", "height"), [(1440, 900), (1280, 600), (1024, 768), (768, 900), (390, 844)]
)
def test_the_log_is_never_larger_than_the_window(
    page: Page, anvil_server: AnvilApp, long_run: dict[str, Any], width: int, height: int
) -> None:
    """With annotations above it, its tools and steps beside it, and lines chosen."""
    page.set_viewport_size({"width": width, "height": height})
    _open(page, anvil_server, long_run, "&line=L10-L20")
    expect(page.get_by_label("Annotations")).to_be_visible()
    expect(page.get_by_role("button", name="Copy link")).to_be_visible()
    bounds = page.evaluate(
        """() => {
          const box = (selector) => document.querySelector(selector).getBoundingClientRect();
          return {viewer: box('.log-viewer').height, lines: box('.log-frame').height,
                  steps: box('.log-steps').height, bar: box('.bar').height,
                  page: document.documentElement.scrollHeight,
                  width: document.documentElement.scrollWidth};
        }"""
    )
    assert bounds["width"] <= width
    assert bounds["viewer"] <= height - bounds["bar"]
    assert bounds["lines"] >= 200
    assert bounds["steps"] > 100
    if width == 1440:
        assert bounds["page"] <= height


def test_warnings_and_annotations_lead_to_their_lines(
    log_page: Page, browser_page: BrowserPage, long_run: dict[str, Any]
) -> None:
    page = log_page
    warnings = _numbers(long_run["lines"], "##[warning]")
    [annotated] = _numbers(long_run["lines"], ANNOTATED_LINE)

    page.get_by_role("button", name=f"First of {len(warnings)} warnings").click()
    expect(_chosen(page)).to_have_attribute("data-line", str(warnings[0]))
    page.get_by_role("button", name="Previous warning").click()
    expect(_chosen(page)).to_have_attribute("data-line", str(warnings[-1]))
    page.get_by_role("link", name="Error in the log").click()
    expect(_chosen(page)).to_have_attribute("data-line", str(annotated))

    expect(page.get_by_role("link", name="tests/test_login.py:42")).to_be_visible()
    assert browser_page.errors == []


def test_a_range_is_a_link_and_is_copied_with_or_without_times(
    page: Page, browser_page: BrowserPage, anvil_server: AnvilApp, long_run: dict[str, Any]
) -> None:
    _open(page, anvil_server, long_run, "&line=L10-L20")
    expect(_chosen(page)).to_have_count(11)
    page.evaluate(
        "document.addEventListener('copy', () => { window.copied = document.activeElement.value })"
    )

    def copied(name: str) -> str:
        page.evaluate("window.copied = null")
        page.get_by_role("button", name=name).click()
        return str(page.wait_for_function("window.copied").json_value())

    lines = long_run["lines"][9:20]
    assert copied("Copy with times") == "\n".join(lines)
    assert copied("Copy lines") == "\n".join(_TIME_OR_COLOR.sub("", line) for line in lines)
    page.locator('.log-row[data-line="12"] .log-number').click()
    page.locator('.log-row[data-line="15"] .log-number').click(modifiers=["Shift"])
    expect(page.locator(".log-selection strong")).to_have_text("L12–L15")  # noqa: RUF001
    assert copied("Copy link").endswith(f"line=L12-L15&run_id={long_run['run_id']}")
    assert browser_page.errors == []


def test_more_lines_than_one_answer_holds_are_copied_whole(
    page: Page, browser_page: BrowserPage, anvil_server: AnvilApp, long_run: dict[str, Any]
) -> None:
    lines = long_run["lines"][:-1]
    assert len(lines) > 1000
    _open(page, anvil_server, long_run, f"&line=L1-L{len(lines)}")
    page.evaluate(
        "document.addEventListener('copy', () => { window.copied = document.activeElement.value })"
    )
    page.get_by_role("button", name="Copy with times").click()

    copied = str(page.wait_for_function("window.copied").json_value())
    assert copied.removeprefix("\ufeff").split("\n") == lines
    assert browser_page.errors == []


def test_the_raw_view_is_the_whole_log_as_text(
    log_page: Page, browser_page: BrowserPage, long_run: dict[str, Any]
) -> None:
    with log_page.expect_popup() as opened:
        log_page.get_by_role("button", name="Raw").click()

    expect(opened.value.locator("body")).to_contain_text(long_run["lines"][-2][-20:])
    assert opened.value.evaluate("document.contentType") == "text/plain"
    assert browser_page.errors == []


def test_a_job_that_was_skipped_has_no_log_and_the_page_says_so(
    page: Page, anvil_server: AnvilApp, long_run: dict[str, Any]
) -> None:
    job_id = long_run["jobs"]["deploy"]
    page.goto(f"{anvil_server.url}/#log?run_id={long_run['run_id']}&job_id={job_id}")

    expect(page.get_by_text(re.compile("skipped", re.IGNORECASE)).first).to_be_visible()
    expect(page.get_by_role("button", name="Raw")).not_to_be_visible()
