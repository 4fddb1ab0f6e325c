"""Wrappers of ports: a given function sends each request, and may wait for it or track it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

from ..domain.pending_requests import PendingRequests
from ..errors import AccessDenied, QueueMissing
from .context import CollectorContext
from .time_limits import await_result

#: The names of methods that send requests begin with these.
_PREFIXES = ("fetch_", "list_", "send", "receive", "extend", "release", "reject", "delete", "put")

_Port = TypeVar("_Port")
_Answer = TypeVar("_Answer")


def intercept(port: _Port, send: Callable[[partial[Any]], object]) -> _Port:
    """Return a port whose methods pass each request to ``send`` and return its result."""
    return cast("_Port", _InterceptedPort(port, send))


class _InterceptedPort:
    def __init__(self, port: object, send: Callable[[partial[Any]], object]) -> None:
        self._port = port
        self._send = send

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        attribute = getattr(self._port, name)
        if not name.startswith(_PREFIXES) or not callable(attribute):
            return attribute
        return lambda *values, **options: self._send(partial(attribute, *values, **options))


class TrackedRequests:
    """The requests to one queue or bucket, recorded while they have no answer.

    Heartbeats report them; ``target`` is the name of the queue or bucket there.
    """

    def __init__(self, target: str, pending: PendingRequests) -> None:
        self._target = target
        self._pending = pending

    def send(self, request: Callable[[], _Answer]) -> _Answer:
        """Send a request, which is pending until its answer, and return the answer."""
        request_number = self._pending.begin(
            self._target, at=time.monotonic() + _wait_seconds(request)
        )
        try:
            answer = request()
            self._pending.note_answer(self._target, request_number, at=time.monotonic())
        except (AccessDenied, QueueMissing):  # an answer as well
            self._pending.note_answer(self._target, request_number, at=time.monotonic())
            raise
        finally:
            self._pending.end(self._target, request_number, at=time.monotonic())
        return answer


def _wait_seconds(request: Callable[[], object]) -> float:
    """Return for how long the queue may wait for messages before it answers a request."""
    return request.keywords.get("wait_seconds", 0) if isinstance(request, partial) else 0


@contextmanager
def requests_in_other_thread(
    context: CollectorContext, while_waiting: Callable[[], object]
) -> Iterator[CollectorContext]:
    """Provide a context that calls ``while_waiting`` while this thread waits for a request.

    Another thread sends the requests. Only a task's main thread can use Anvil's tables: if it
    waited for GitHub or a queue itself, or uploaded a large log, it could save no heartbeat, and
    the pages would not show that a server does not answer.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="requests") as worker:
        main_thread = threading.get_ident()

        def send(request: partial[Any]) -> object:
            if threading.get_ident() != main_thread:
                return request()
            return await_result(worker.submit(request), while_waiting)

        yield replace(
            context,
            github=intercept(context.github, send),
            repository_api=intercept(context.repository_api, send),
            metrics_queue=intercept(context.metrics_queue, send),
            logs_queue=intercept(context.logs_queue, send),
            job_events_queue=intercept(context.job_events_queue, send),
            blobs=None if context.blobs is None else intercept(context.blobs, send),
            while_waiting=while_waiting,
        )
