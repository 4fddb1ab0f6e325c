"""What the page does with an address that somebody else wrote."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


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
    vars(sys.modules["anvil.js.window"])["document"] = SimpleNamespace()
    monkeypatch.delitem(sys.modules, "client_code.dom", raising=False)
    yield importlib.import_module("client_code.dom")
    sys.modules.pop("client_code.dom", None)


@pytest.mark.parametrize(
    "url", ["https://github.com/octo/api", "http://127.0.0.1:8080/octo/api", "#runs?q=a"]
)
def test_a_link_leads_to_a_web_page_or_within_the_dashboard(dom: Any, url: str) -> None:
    element = Element()
    dom.set_link(element, url)
    assert element.attributes["href"] == url


@pytest.mark.parametrize(
    "url",
    [
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
    ],
)
def test_any_other_scheme_leads_nowhere(dom: Any, url: str | None) -> None:
    """Also where the element was a link before."""
    element = Element()
    dom.set_link(element, url)
    assert "href" not in element.attributes
