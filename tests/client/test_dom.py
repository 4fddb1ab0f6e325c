"""What the page does with an address that somebody else wrote."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2] / "client_code"

LINKS = ["https://github.com/octo/api", "http://127.0.0.1:8080/octo/api", "#runs?q=a"]
NO_LINKS = [
    None,
    "",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example/",
]


class Element:
    """An element of a page, of which only the attributes matter."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {"href": "https://github.com/before"}

    def getAttribute(self, name: str) -> str | None:  # noqa: N802  the browser's names
        return self.attributes.get(name)

    def setAttribute(self, name: str, value: str) -> None:  # noqa: N802
        self.attributes[name] = value

    def removeAttribute(self, name: str) -> None:  # noqa: N802
        self.attributes.pop(name, None)


@pytest.fixture
def dom(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the module with a browser's objects, which only a page has."""
    names = ("anvil", "anvil.js", "anvil.js.window")
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    vars(sys.modules["anvil.js"])["get_dom_node"] = None
    window = vars(sys.modules["anvil.js.window"])
    window["document"] = SimpleNamespace()
    window["location"] = SimpleNamespace(opened=[])
    window["location"].assign = window["location"].opened.append
    monkeypatch.delitem(sys.modules, "client_code.dom", raising=False)
    yield importlib.import_module("client_code.dom")
    sys.modules.pop("client_code.dom", None)


@pytest.mark.parametrize("url", LINKS)
def test_a_link_leads_to_a_web_page_or_within_the_dashboard(dom: Any, url: str) -> None:
    element = Element()
    dom.set_link(element, url)
    assert element.attributes["href"] == url
    dom.leave_for(url)
    assert dom.location.opened == [url]


@pytest.mark.parametrize("url", NO_LINKS)
def test_any_other_scheme_leads_nowhere(dom: Any, url: str | None) -> None:
    """Also where the element was a link before; without a document, a form would fail."""
    element = Element()
    dom.set_link(element, url)
    assert "href" not in element.attributes
    dom.leave_for(url)
    dom.post(url, "manifest", "{}")
    assert dom.location.opened == []


def test_no_page_leads_anywhere_by_itself() -> None:
    """What checks an address is in one place. A form of Anvil's own has an address of its own."""
    leads = re.compile(r"location\.(assign|replace)|\.(href|action) ?= |\"(href|src|action)\",")
    known = ('"#icon-', "TempUrl")
    past_it = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in ROOT.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if path != ROOT / "dom.py"
        and leads.search(line)
        and not any(each in line for each in known)
    ]
    assert past_it == []
