"""Ports of which some methods are a test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


class Changed:
    """A port some of whose methods are replaced; all others are its own."""

    def __init__(self, port: Any, **methods: Callable[..., Any]) -> None:
        self._port = port
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def raising(error: BaseException) -> Callable[..., NoReturn]:
    """Return a method that raises an error, whatever it is called with."""

    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    return fail
