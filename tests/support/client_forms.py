"""The forms of the dashboard without a browser: what they draw, and what they do with answers."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import anvil
import anvil.server
import pytest
import yaml

_ROOT = Path(__file__).parents[2]
_NAMES = re.compile(r'anvil-name="([^"]+)"')
_DESIGNER = "._anvil_designer"


class Element(SimpleNamespace):
    """An element of a page, of which a form reads and sets attributes, texts and children."""

    def __init__(self, **values: Any) -> None:
        super().__init__(
            textContent="",
            hidden=False,
            value="",
            open=False,
            disabled=False,
            style=Element.Style(),
            attributes={},
            children=[],
            handlers={},
            isConnected=True,
            offsetParent=True,
            tagName="DIV",
        )
        vars(self).update(values)

    class Style(SimpleNamespace):
        """The style of an element."""

        def setProperty(self, name: str, value: str) -> None:  # noqa: N802 - the browser's names
            setattr(self, name, value)

    @property
    def firstElementChild(self) -> Any:  # noqa: N802
        return next(iter(self.children), None)

    @property
    def lastElementChild(self) -> Any:  # noqa: N802
        return next(reversed(self.children), None)

    @property
    def firstChild(self) -> Element:  # noqa: N802
        """Return what ``innerHTML`` describes, which is an icon."""
        return Element(children=[Element()])

    def getAttribute(self, name: str) -> str | None:  # noqa: N802
        return self.attributes.get(name)

    def setAttribute(self, name: str, value: str) -> None:  # noqa: N802
        self.attributes[name] = value

    def removeAttribute(self, name: str) -> None:  # noqa: N802
        self.attributes.pop(name, None)

    def hasAttribute(self, name: str) -> bool:  # noqa: N802
        return name in self.attributes

    def addEventListener(self, event: str, handler: Callable[..., Any]) -> None:  # noqa: N802
        self.handlers[event] = handler

    def append(self, *nodes: Any) -> None:
        self.children.extend(nodes)

    def replaceChildren(self, *nodes: Any) -> None:  # noqa: N802
        self.children[:] = nodes

    def querySelector(self, _selector: str) -> Any:  # noqa: N802
        return None

    def querySelectorAll(self, _selector: str) -> list[Any]:  # noqa: N802
        return []

    def focus(self, *_options: Any) -> None:
        """Do nothing: no test asks for the focus."""

    select = scrollTo = hidePopover = focus  # noqa: N815


class Template:
    """A form's named elements and components, read from its ``form_template.yaml``."""

    template: Path

    def __init__(self, **properties: Any) -> None:
        self.init_components(**properties)

    def init_components(self, **properties: Any) -> None:
        read = yaml.safe_load(self.template.read_text(encoding="utf-8"))
        html = read["container"]["properties"]["html"]
        if html.startswith("@theme:"):
            html = (_ROOT / "theme" / "assets" / html.removeprefix("@theme:")).read_text(
                encoding="utf-8"
            )
        self.dom_nodes = {name: Element() for name in _NAMES.findall(html)}
        self.in_slots: list[Any] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        declared = {each["name"]: each["default_value"] for each in read.get("properties", ())}
        vars(self).update({**declared, **properties})
        for each in read["components"]:
            setattr(self, each["name"], _component(each["type"], each.get("properties", {})))

    def add_component(self, component: Any, **_place: Any) -> None:
        self.in_slots.append(component)
        component.parent = self

    def remove_from_parent(self) -> None:
        self.parent.in_slots.remove(self)

    def set_event_handler(self, name: str, handler: Callable[..., Any]) -> None:
        """Do nothing: a test calls handlers itself."""

    def raise_event(self, name: str, **values: Any) -> None:
        self.events.append((name, values))


def _component(kind: str, properties: dict[str, Any]) -> Any:
    if not kind.startswith("form:"):
        return SimpleNamespace(
            **{"text": "", "visible": True, "enabled": True, "interval": 0, **properties}
        )
    name = kind.removeprefix("form:")
    form = getattr(importlib.import_module(f"client_code.{name}"), name.rpartition(".")[2])
    return form(**properties)


class _Designer(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the module of a form's template, which Anvil makes at run time."""

    def find_spec(self, name: str, _path: Any, _target: Any = None) -> Any:
        is_template = name.startswith("client_code.") and name.endswith(_DESIGNER)
        return importlib.machinery.ModuleSpec(name, self) if is_template else None

    def exec_module(self, module: ModuleType) -> None:
        folder = _ROOT.joinpath(*module.__name__.removesuffix(_DESIGNER).split("."))
        template = type("FormTemplate", (Template,), {"template": folder / "form_template.yaml"})
        setattr(module, f"{folder.name}Template", template)


class ClientForms:
    """The dashboard's modules with a browser's objects and a server of a test's own.

    ``answer`` gets the name and the arguments of each call.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answer: Callable[..., Any] = lambda *_call: None
        self.addresses: list[str] = []
        self.banners: list[str] = []
        self.refreshes = 0
        self.window = _window()

    def open_form(self, name: str, **properties: Any) -> Any:
        """Return a new form by the name of its module in ``client_code``."""
        return _component(f"form:{name}", properties)

    def call(self, name: str, *arguments: Any, as_json: bool = False, **options: Any) -> Any:
        """Answer a call of a form."""
        self.calls.append((name, *arguments, options) if options else (name, *arguments))
        answer = self.answer(*self.calls[-1])
        return json.dumps(answer) if as_json else answer

    # What forms call of the open form, which is the Shell.

    def replace_address(self, address: str) -> None:
        self.addresses.append(address)

    def show_banner(self, sentence: str) -> None:
        self.banners.append(sentence)

    def refresh(self) -> None:
        self.refreshes += 1


def _window() -> Any:
    document = Element(activeElement=Element(), body=Element(), documentElement=Element())
    document.createElement = lambda _tag: Element(children=[])
    location = Element(hash="", search="", pathname="/", href="http://127.0.0.1/")
    storage: dict[str, str] = {}
    window = Element(
        document=document,
        location=location,
        history=SimpleNamespace(replaceState=lambda *_state: None),
        localStorage=SimpleNamespace(getItem=storage.get, setItem=storage.__setitem__),
        innerWidth=1280,
        navigator=SimpleNamespace(language="en"),
    )
    window.window = window
    return window


@contextmanager
def client_forms(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClientForms]:
    """Let forms be imported and opened without a browser."""
    forms, finder = ClientForms(), _Designer()
    script = SimpleNamespace(openLogView=lambda _frame: _Recorder())
    js = _module(
        "anvil.js", get_dom_node=lambda _component: Element(), import_from=lambda _url: script
    )
    window = _module("anvil.js.window", **vars(forms.window))
    media = _module("anvil.media", download=lambda _file: None)
    for module in (js, window, media):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for name, value in (("js", js), ("media", media), ("get_open_form", lambda: forms)):
        monkeypatch.setattr(anvil, name, value, raising=False)
    monkeypatch.setattr(anvil, "set_default_error_handling", lambda _handler: None, raising=False)
    for name in ("AppOfflineError", "SessionExpiredError"):
        monkeypatch.setattr(anvil.server, name, type(name, (Exception,), {}), raising=False)
    monkeypatch.setattr(anvil.server, "call_s", forms.call, raising=False)
    monkeypatch.setattr(anvil.server, "get_app_origin", lambda: "http://127.0.0.1", raising=False)
    before = _take_client_modules()
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module("client_code.connection").watch(lambda _is_lost: None, lambda: None)
        yield forms
    finally:
        sys.meta_path.remove(finder)
        _take_client_modules()
        sys.modules.update(before)


class _Recorder:
    """The view of a log's lines: it records what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.calls.append((name, *arguments))


def _module(name: str, **values: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(values)
    return module


def _take_client_modules() -> dict[str, ModuleType]:
    names: Sequence[str] = [name for name in sys.modules if name.partition(".")[0] == "client_code"]
    return {name: sys.modules.pop(name) for name in names}
