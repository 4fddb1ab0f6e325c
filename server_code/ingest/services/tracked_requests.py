"""Requests that are recorded while they have no answer, so that heartbeats can report them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ..domain.pending_requests import PendingRequests
from ..errors import AccessDenied, QueueMissing

_Answer = TypeVar("_Answer")


class TrackedRequests:
    """The requests to one queue or bucket; ``target`` is its name in heartbeats."""

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
