"""A database that refuses every write, as a full one or a standby does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from playwright.sync_api import expect
from support.anvil_people import first_password, sign_in
from support.anvil_server import EMAIL, ServeAnvil
from support.browser import BrowserPage, visit


@contextmanager
def read_only(database_url: str) -> Iterator[None]:
    """Let a database refuse all writes, also those of the connections that are open."""
    _set_read_only(database_url, "on")
    try:
        yield
    finally:
        _set_read_only(database_url, "off")


def _set_read_only(database_url: str, value: str) -> None:
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SET default_transaction_read_only = off")
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone()
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_page_claims_nothing_while_the_database_refuses_to_write(
    serve_anvil: ServeAnvil, browser_page: BrowserPage
) -> None:
    app, page = serve_anvil(), browser_page.page
    visit(page, app.url)
    sign_in(page, EMAIL, first_password(app))
    page.evaluate("location.hash = 'repositories'")
    page.get_by_label("Add a repository").fill("octo/api")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("octo/api was added.")).to_be_visible()
    page.evaluate("location.hash = 'overview'")
    works = page.get_by_text("Everything works.")
    watching = page.locator(".badge").get_by_text("Watching")
    expect(works).to_be_visible()
    expect(watching).to_be_visible()

    with read_only(app.database_url):
        failed = page.get_by_text("Runstream's server does not work: its database may be down")
        expect(failed).to_be_visible()
        expect(works).not_to_be_visible()
        expect(watching).not_to_be_visible()

    expect(works).to_be_visible()
    expect(failed).not_to_be_visible()
