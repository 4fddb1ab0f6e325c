"""What the tests on the real app server share: a server a session, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from ingest.adapters.data_tables import DataTablesState
from ingest.ports import StateStore
from playwright.sync_api import Browser, Page
from support.anvil_people import first_password, jobs_with_logs_of, sign_in, signed_in
from support.anvil_server import (
    EMAIL,
    AnvilApp,
    LocalAws,
    PostgresServer,
    ServeAnvil,
    serving_anvil,
    without_schedule,
)
from support.anvil_state import CALL_STORES_MODULE, empty_tables
from support.browser import PATIENCE_MS, BrowserPage, open_page, visit
from support.command_line import wait_until

#: The thread of Anvil's Uplink client dies of its own socket when it disconnects.
_ENDS_WITH_A_SHOUT = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as one that needs the real server."""
    for item in items:
        if "tests/anvil/" in item.nodeid:
            item.add_marker(pytest.mark.anvil)
            item.add_marker(_ENDS_WITH_A_SHOUT)


@pytest.fixture(scope="session")
def serve_anvil(
    postgres: PostgresServer, aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServeAnvil]:
    """Serve apps of one's own: `modules` adds server modules, `edit` changes `anvil.yaml`."""
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


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[BrowserPage]:
    """Open a page that nobody has signed in on."""
    with open_page(browser) as page:
        yield page


@pytest.fixture(scope="session")
def stores_app(serve_anvil: ServeAnvil) -> AnvilApp:
    """Serve the app with a module that runs methods of the stores, and without its schedule."""
    return serve_anvil(modules=CALL_STORES_MODULE, edit=without_schedule)


@pytest.fixture(scope="module")
def call(stores_app: AnvilApp) -> Iterator[Callable[..., Any]]:
    """Connect this process to the app."""
    with stores_app.uplink() as call:
        yield call


@pytest.fixture
def app_call(call: Callable[..., Any], stores_app: AnvilApp) -> Callable[..., Any]:
    """Call an app whose tables are empty."""
    empty_tables(stores_app.database_url)
    return call


@pytest.fixture
def state(app_call: Callable[..., Any]) -> StateStore:
    """Open the empty state over the Uplink."""
    return DataTablesState()


@pytest.fixture
def login_page(anvil_server: AnvilApp, browser_page: BrowserPage) -> Page:
    """Open the app as somebody who has not signed in."""
    page = browser_page.page
    visit(page, anvil_server.url)
    return page


@pytest.fixture
def page(anvil_server: AnvilApp, login_page: Page) -> Page:
    """Sign in as the first account."""
    sign_in(login_page, EMAIL, first_password(anvil_server))
    return login_page


@pytest.fixture
def collected(anvil_server: AnvilApp) -> Iterator[None]:
    """Collect a repository until its logs are there."""
    with signed_in(anvil_server) as call:
        call("configure_repository", "octo/api")
        wait_until(
            lambda: (
                call("get_repositories")["repositories"][0]["logs_fetched"]
                == len(jobs_with_logs_of(anvil_server, "octo/api"))
            ),
            seconds=PATIENCE_MS / 1000,
        )
    yield
    with signed_in(anvil_server) as call:
        call("remove_repository", "octo/api")
