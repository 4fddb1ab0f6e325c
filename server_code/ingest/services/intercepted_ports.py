"""Wrappers of ports: a given function sends each request, and may wait for it or track it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

#: The names of methods that send requests begin with these.
_REQUESTS = ("fetch_", "list_", "send", "receive", "extend", "release", "reject", "delete")

P = TypeVar("P")


def intercept(port: P, send: Callable[[partial[Any]], object]) -> P:
    """Return a port whose methods pass each request to ``send`` and return its result."""
    return cast("P", _InterceptedPort(port, send))


class _InterceptedPort:
    def __init__(self, port: object, send: Callable[[partial[Any]], object]) -> None:
        self._port = port
        self._send = send

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        attribute = getattr(self._port, name)
        if not name.startswith(_REQUESTS) or not callable(attribute):
            return attribute
        return lambda *values, **options: self._send(partial(attribute, *values, **options))
