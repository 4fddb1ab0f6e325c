"""What a first visit loads: of our own little, and no library that a page could do without."""

from __future__ import annotations

import re
from gzip import compress

from playwright.sync_api import Browser, Page, Response, expect
from support.anvil_server import AnvilApp
from support.browser import PATIENCE_MS, open_page

#: The pages lie in the first document, beside the clients of Anvil's services.
_SERVICE = re.compile(r'Sk\.builtinFiles\.files\["anvil-services')
_APP = "window.loadApp("

OWN_LIMIT = 370_000
COMPRESSED_LIMIT = 700_000


def test_a_first_visit_loads_little_of_our_own_and_no_plotly(
    browser: Browser, anvil_server: AnvilApp
) -> None:
    """`pytest -s` prints what docs/guides/anvil-app-server.md lists."""
    with open_page(browser) as opened:
        bodies = _first_visit(opened.page, anvil_server)
    document = bodies.pop("/")
    app = document[document.index(_APP.encode()) :]
    theme = {path: body for path, body in bodies.items() if path.startswith("/_/theme/")}
    own = len(app) + sum(map(len, theme.values()))

    print(f"\n{'app in the first document':60}{len(app):>10,}")
    print(f"{'rest of the first document':60}{len(document) - len(app):>10,}")
    for path, body in sorted(bodies.items(), key=lambda item: -len(item[1])):
        print(f"{path:60}{len(body):>10,}")
    whole = {"/": document, **bodies}
    print(f"{'own':60}{own:>10,}")
    print(f"{f'all, {len(whole)} requests':60}{sum(map(len, whole.values())):>10,}")
    compressed = sum(map(_compressed, whole.values()))
    print(f"{'all, with gzip':60}{compressed:>10,}")

    assert _SERVICE.search(document.decode())
    assert not any("plotly" in path for path in whole)
    assert own <= OWN_LIMIT
    assert compressed <= COMPRESSED_LIMIT


def _first_visit(page: Page, app: AnvilApp) -> dict[str, bytes]:
    """Open the app as a stranger; return each answer's body by its path."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - no built-in
    page.goto(app.url, timeout=PATIENCE_MS)
    expect(page.get_by_label("Email")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_load_state("networkidle")
    return {answer.url.removeprefix(app.url).partition("?")[0]: answer.body() for answer in answers}


def _compressed(body: bytes) -> int:
    return min(len(body), len(compress(body, 6)))
