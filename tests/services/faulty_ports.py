"""Ports that end the process, as far as a test can see, right after the k-th write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: A process that dies at a read dies before its next write, so reads are no cases of their own.
_READS = ("load_", "list_", "count_", "receive")


class Killed(BaseException):
    """The end of the process, which no service may catch."""


class Fuse:
    """Count writes over all ports, and kill after one of them has taken effect.

    To die before a write is to die after the one before it.
    """

    def __init__(self, blows_at: int) -> None:
        self.calls = 0
        self._blows_at = blows_at
        self._lock = threading.Lock()

    @contextmanager
    def around(self) -> Iterator[None]:
        """Surround one call."""
        with self._lock:
            self.calls += 1
            blows = self.calls == self._blows_at
        yield
        if blows:
            raise Killed


class Fused:
    """A port whose every method passes the fuse."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not callable(value) or name.startswith(_READS):
            return value

        def call(*args: Any, **options: Any) -> Any:
            with self._fuse.around():
                return value(*args, **options)

        return call
