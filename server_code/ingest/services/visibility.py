"""Keeping received work hidden from other agents for as long as it takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import IngestError
from ..ports import ReceivedMessage, WorkQueue

logger = logging.getLogger(__name__)


class VisibilityExtender:
    """Know which messages are still held; those let go are no longer extended."""

    def __init__(self, messages: Sequence[ReceivedMessage]) -> None:
        self._lock = threading.Lock()
        self._held = {message.receipt_handle: message for message in messages}

    def release(self, message: ReceivedMessage) -> None:
        """Stop extending a message."""
        with self._lock:
            self._held.pop(message.receipt_handle, None)

    def held(self) -> list[ReceivedMessage]:
        """List what is still held."""
        with self._lock:
            return list(self._held.values())


@contextmanager
def extend_visibility(
    queue: WorkQueue, messages: Sequence[ReceivedMessage]
) -> Iterator[VisibilityExtender]:
    """Extend the messages' visibility timeout from a thread until the block ends.

    A process that dies stops extending, and its messages are received by another.
    """
    extender, done = VisibilityExtender(messages), threading.Event()
    seconds = queue.visibility_timeout_seconds

    def extend() -> None:
        while not done.wait(max(seconds / 3, 1)):
            for message in extender.held():
                _extend(queue, message, seconds)

    thread = threading.Thread(target=extend, name="keep-hidden", daemon=True)
    thread.start()
    try:
        yield extender
    finally:
        done.set()
        thread.join()


def _extend(queue: WorkQueue, message: ReceivedMessage, seconds: int) -> None:
    try:
        queue.extend(message, seconds=seconds)
    except IngestError as error:
        # The next turn tries again; if none succeeds, another agent repeats the work.
        logger.warning("visibility not extended", extra={"reason": str(error)})
