"""Queues whose pending requests are tracked, so that a silent one is noticed before it fails."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, TypeVar

from ..domain.pending_requests import PendingRequests
from ..errors import Fatal
from ..ports import Publisher
from .intercepted_ports import intercept

Q = TypeVar("Q", bound=Publisher)


def track_requests(queue: Q, pending: PendingRequests) -> Q:
    """Return a queue whose requests are pending until they return."""

    def send(request: partial[Any]) -> object:
        asked = f"Queue {queue.queue_name}"
        # Where nothing is wrong, the answer may take as long as the queue was asked to wait.
        wait_seconds = request.keywords.get("wait_seconds", 0)
        number = pending.begin(asked, at=time.monotonic() + wait_seconds)
        try:
            answer: object = request()
            pending.answer(asked, number, at=time.monotonic())
        except Fatal:  # an answer as well: no access, or no queue
            pending.answer(asked, number, at=time.monotonic())
            raise
        finally:
            pending.end(asked, number, at=time.monotonic())
        return answer

    return intercept(queue, send)
