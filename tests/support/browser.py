"""A browser for the tests of pages: the system's Chromium, and what went wrong in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

#: How long a page may take, on a machine that is shared with the server and other tests.
PATIENCE_MS = 120_000

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class BrowserPage:
    """A page, and what must stay empty: its errors, and requests to hosts that are not ours."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    def note_console(self, message: ConsoleMessage) -> None:
        """Take a line of the console."""
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def note_request(self, request: Request) -> None:
        """Take a request; none may leave this machine."""
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.foreign_requests.append(request.url)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the system's Chromium; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on PATH to open pages in: apt install chromium")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=options)
        try:
            yield browser
        finally:
            browser.close()


def visit(page: Page, url: str) -> None:
    """Open an address, and wait patiently for whatever it is to show."""
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page.goto(url)


@contextmanager
def open_page(browser: Browser) -> Iterator[BrowserPage]:
    """Open a page without any cookie, in UTC."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, timezone_id="UTC", locale="en-GB"
    )
    opened = BrowserPage(context.new_page())
    opened.page.on("console", opened.note_console)
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("request", opened.note_request)
    try:
        yield opened
    finally:
        context.close()
