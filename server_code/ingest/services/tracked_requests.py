"""Requests that are tracked, so that a silence is noticed before it is an error."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ..domain.pending_requests import PendingRequests
from ..errors import AccessDenied, QueueMissing

_Answer = TypeVar("_Answer")


class TrackedRequests:
    """The requests to one queue or bucket, which ``target`` names for people."""

    def __init__(self, target: str, pending: PendingRequests) -> None:
        self._asked = target
        self._pending = pending

    def send(self, request: Callable[[], _Answer]) -> _Answer:
        """Return what a request returns; it is pending until then."""
        number = self._pending.begin(self._asked, at=time.monotonic() + _wait_seconds(request))
        try:
            answer = request()
            self._pending.answer(self._asked, number, at=time.monotonic())
        except (AccessDenied, QueueMissing):  # an answer as well
            self._pending.answer(self._asked, number, at=time.monotonic())
            raise
        finally:
            self._pending.end(self._asked, number, at=time.monotonic())
        return answer


def _wait_seconds(request: Callable[[], object]) -> float:
    """Return how long the answer may take where nothing is wrong: as a long poll was target to."""
    return request.keywords.get("wait_seconds", 0) if isinstance(request, partial) else 0
