"""Ports whose slow calls let a tick's main thread report while it waits for them.

A task's main thread alone may use Anvil's tables. While it waits for GitHub or a queue itself, it
could save no heartbeat, and the pages would show nothing of a server that does not answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

from ..context import CollectorContext
from ..time_limits import await_result

#: How the names of methods that send requests begin.
_REQUESTS = ("fetch_", "list_", "send", "receive", "extend", "release", "reject", "delete")

R = TypeVar("R")


@contextmanager
def awaited_ports(
    context: CollectorContext, check_in: Callable[[], object]
) -> Iterator[CollectorContext]:
    """Provide a context whose requests of this thread call ``check_in`` while they wait."""
    with ThreadPoolExecutor(1, thread_name_prefix="requests") as worker:
        waiter = _Waiter(worker, check_in)

        def awaited(port: R) -> R:
            return cast("R", _AwaitedPort(port, waiter))

        yield replace(
            context,
            github=awaited(context.github),
            repositories=None if context.repositories is None else awaited(context.repositories),
            metrics_queue=awaited(context.metrics_queue),
            logs_queue=awaited(context.logs_queue),
            job_events_queue=awaited(context.job_events_queue),
            check_in=check_in,
        )


class _Waiter:
    """The thread that waits, and the worker that sends its requests."""

    def __init__(self, worker: ThreadPoolExecutor, check_in: Callable[[], object]) -> None:
        self._worker = worker
        self._check_in = check_in
        self._thread = threading.get_ident()

    def call(self, request: Callable[[], object]) -> object:
        """Send a request; from any other thread than the waiting one, at once."""
        if threading.get_ident() != self._thread:
            return request()
        return await_result(self._worker.submit(request), self._check_in)


class _AwaitedPort:
    """A port whose requests are sent through a waiter."""

    def __init__(self, port: object, waiter: _Waiter) -> None:
        self._port = port
        self._waiter = waiter

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        attribute = getattr(self._port, name)
        if not name.startswith(_REQUESTS) or not callable(attribute):
            return attribute

        def send(*arguments: object, **options: object) -> object:
            return self._waiter.call(partial(attribute, *arguments, **options))

        return send
