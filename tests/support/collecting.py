"""Collection of the tests in many workers: none repeats what another does at the same moment."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest


class _Turned(pytest.Dir):
    """A folder that each worker begins to collect at another place.

    pytest compiles a test file for itself at its first import, which takes eight seconds for all.
    Workers that begin at the same file would all do it; so each finds done what others did.
    """

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Collect the last part first."""
        found = list(super().collect())
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        first = number * len(found) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        return [*found[first:], *found[:first]]


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a folder of tests, if it is no package."""
    if (path / "__init__.py").exists():
        return None
    folder: pytest.Collector = _Turned.from_parent(parent, path=path)
    return folder


def pytest_collection() -> None:
    """Collect no garbage meanwhile: what is imported and collected stays."""
    gc.disable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Put the files into the same order in each worker, before any other order.

    At the end, start with slow files: the last one would run while other workers idle.
    """
    items.sort(key=lambda item: item.path)
    yield
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Leave what is there now out of every later collection of garbage."""
    gc.enable()
    gc.collect()
    gc.freeze()
