"""What the tests on the real app server share: a server a session, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser
from support.anvil_server import AnvilApp, LocalAws, PostgresServer, ServeAnvil, serving_anvil
from support.browser import BrowserPage, open_browser, open_page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as one that needs the real server."""
    for item in items:
        if "tests/anvil/" in item.nodeid:
            item.add_marker(pytest.mark.anvil)


@pytest.fixture(scope="session")
def serve_anvil(
    postgres: PostgresServer, aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServeAnvil]:
    """Serve apps of one's own: `modules` adds server modules, `settings` adds settings."""
    with ExitStack() as opened:

        def serve(**options: Any) -> AnvilApp:
            folder = tmp_path_factory.mktemp("anvil")
            return opened.enter_context(
                serving_anvil(folder, postgres=postgres, aws=aws, **options)
            )

        yield serve


@pytest.fixture(scope="session")
def anvil_server(serve_anvil: ServeAnvil) -> AnvilApp:
    """Serve the app as it is; tests share it, and leave no repository behind."""
    return serve_anvil()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    with open_browser() as started:
        yield started


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[BrowserPage]:
    """Open a page that nobody has signed in on."""
    with open_page(browser) as page:
        yield page
