"""The dashboard's forms without Anvil and a browser: what their methods do, not how they look."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock


class Node:
    """An element of a page: whatever is set, and attributes of its own."""

    def __init__(self) -> None:
        self.textContent, self.value, self.hidden = "", "", False
        self.attributes: dict[str, str] = {}
        self.style = MagicMock()

    def getAttribute(self, name: str) -> str | None:  # noqa: N802  the browser's names
        return self.attributes.get(name)

    def setAttribute(self, name: str, value: str) -> None:  # noqa: N802
        self.attributes[name] = value

    def removeAttribute(self, name: str) -> None:  # noqa: N802
        self.attributes.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        return MagicMock()


class Template:
    """The base of a form, which Anvil makes from its template: any element, any component."""

    def init_components(self, **properties: Any) -> None:
        self.dom_nodes: defaultdict[str, Node] = defaultdict(Node)

    def __init__(self, **properties: Any) -> None:
        self.init_components(**properties)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name.endswith("_at"):
            raise AttributeError(name)
        component = MagicMock()
        setattr(self, name, component)
        return component


class _Designer(ModuleType):
    """The module ``_anvil_designer`` of a form."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Template


class _DesignerFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the module that Anvil makes for each form."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        is_designer = fullname.endswith("._anvil_designer")
        return importlib.machinery.ModuleSpec(fullname, self) if is_designer else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Designer(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextmanager
def client_module(name: str, *, shell: Any, answer: Any) -> Iterator[Any]:
    """Import a module of the client; its calls of the server are calls of ``answer``."""
    before = {each: module for each, module in sys.modules.items() if _is_replaced(each)}
    for each in before:
        del sys.modules[each]
    anvil, js, window = ModuleType("anvil"), ModuleType("anvil.js"), MagicMock(innerWidth=1440)
    window.window = window
    vars(js).update(get_dom_node=MagicMock(), import_from=MagicMock(), window=window)
    vars(anvil).update(get_open_form=lambda: shell, __path__=[], js=js, server=MagicMock())
    connection = ModuleType("client_code.connection")
    vars(connection).update(
        call=answer, ConnectionLost=ConnectionLost, ALREADY_SHOWN=(ConnectionLost,)
    )
    modules = {"anvil": anvil, "anvil.js": js, "anvil.js.window": window}
    sys.modules.update({**modules, "anvil.server": vars(anvil)["server"]})
    sys.modules[connection.__name__] = connection
    finder = _DesignerFinder()
    sys.meta_path.insert(0, finder)
    try:
        package = importlib.import_module("client_code")
        vars(package)["connection"] = connection
        yield importlib.import_module(f"client_code.{name}")
    finally:
        sys.meta_path.remove(finder)
        vars(package).pop("connection")
        for each in [each for each in sys.modules if _is_replaced(each)]:
            del sys.modules[each]
        sys.modules.update(before)


class ConnectionLost(Exception):
    """The error of a call that the page shows by itself."""


def _is_replaced(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in ("anvil", "client_code")
