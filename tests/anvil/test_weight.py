"""What a first visit loads: over the wire little, of our own less, and no library for nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, Response, expect
from support.anvil_server import AnvilApp
from support.browser import PATIENCE_MS, open_page

#: The pages lie in the first document, beside the clients of Anvil's services.
_SERVICE = re.compile(r'Sk\.builtinFiles\.files\["anvil-services')
_APP = "window.loadApp("

OWN_LIMIT = 370_000
WIRE_LIMIT = 700_000


@dataclass
class FirstVisit:
    """The bodies of a first visit by their paths, and how many bytes came for them with headers."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    on_the_wire: int = 0


def test_a_first_visit_loads_little_and_no_plotly(browser: Browser, anvil_server: AnvilApp) -> None:
    """`pytest -s` prints what docs/guides/anvil-app-server.md lists."""
    with open_page(browser) as opened:
        visit = _first_visit(opened.page, anvil_server)
    whole = visit.bodies
    document = whole["/"]
    app = document[document.index(_APP.encode()) :]
    own = len(app) + sum(len(body) for path, body in whole.items() if path.startswith("/_/theme/"))

    print(f"\n{'app in the first document':60}{len(app):>10,}")
    for path, body in sorted(whole.items(), key=lambda item: -len(item[1])):
        print(f"{path:60}{len(body):>10,}")
    print(f"{'own':60}{own:>10,}")
    print(f"{f'all, {len(whole)} requests':60}{sum(map(len, whole.values())):>10,}")
    print(f"{'over the wire':60}{visit.on_the_wire:>10,}")

    assert _SERVICE.search(document.decode())
    assert not any("plotly" in path for path in whole)
    assert own <= OWN_LIMIT
    assert visit.on_the_wire <= WIRE_LIMIT


def _first_visit(page: Page, app: AnvilApp) -> FirstVisit:
    """Open the app as a stranger, until the login can be typed."""
    visit = FirstVisit()
    answers: list[Response] = []
    protocol = page.context.new_cdp_session(page)
    protocol.on("Network.loadingFinished", lambda event: _count(visit, event["encodedDataLength"]))
    protocol.send("Network.enable")
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - no built-in
    page.goto(app.url, timeout=PATIENCE_MS)
    expect(page.get_by_label("Email")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_load_state("networkidle")
    for answer in answers:
        visit.bodies[answer.url.removeprefix(app.url).partition("?")[0]] = answer.body()
    return visit


def _count(visit: FirstVisit, encoded_bytes: float) -> None:
    visit.on_the_wire += int(encoded_bytes)
