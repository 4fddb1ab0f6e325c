"""Extending the visibility timeout of received messages for as long as they are worked on."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from ...ports import ReceivedMessage, WorkQueue

logger = logging.getLogger(__name__)

#: The pause before a failed extension is repeated; the timeout must not end before it succeeds.
RETRY_SECONDS = 5.0

#: The visibility timeout of work whose host is ending: another host soon continues what is left.
LAST_VISIBILITY_SECONDS = 20

#: The longest time for which a batch is hidden: ten logs that each take the longest download, one
#: after the other.
MAX_BATCH_SECONDS = 6 * 3600


class VisibilityExtender:
    """A thread that extends the visibility timeout of messages until the block ends.

    It stops after ``max_seconds``, or if the parent process has ended: an orphaned worker may hang,
    and then another agent should receive its messages.
    """

    def __init__(
        self,
        queue: WorkQueue,
        messages: Sequence[ReceivedMessage],
        *,
        get_parent_id: Callable[[], int] = os.getppid,
        max_seconds: float = MAX_BATCH_SECONDS,
    ) -> None:
        self._queue = queue
        self._seconds = queue.visibility_seconds
        self._lock = threading.Lock()
        self._held = {message.receipt_handle: message for message in messages}
        self._done = threading.Event()
        self._woken = threading.Event()
        self._get_parent_id = get_parent_id
        self._first_parent_id = get_parent_id()
        self._deadline = time.monotonic() + max_seconds
        self._thread = threading.Thread(target=self._run, name="extend-visibility", daemon=True)

    def __enter__(self) -> VisibilityExtender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._woken.set()
        self._thread.join()

    def shorten_extensions(self) -> None:
        """Extend by a short time from now on, because the process may end at any moment."""
        if self._seconds > LAST_VISIBILITY_SECONDS:
            self._seconds = LAST_VISIBILITY_SECONDS
            self._woken.set()

    def stop_extending(self, message: ReceivedMessage) -> None:
        """Stop extending a message."""
        with self._lock:
            self._held.pop(message.receipt_handle, None)

    def held(self) -> list[ReceivedMessage]:
        """Return the messages that are still extended."""
        with self._lock:
            return list(self._held.values())

    def _holds(self, message: ReceivedMessage) -> bool:
        """Return whether a message is still extended: it may be let go while others are."""
        with self._lock:
            return message.receipt_handle in self._held

    def _run(self) -> None:
        pause = self._interval()
        while not self._is_done_after(pause):
            if self._get_parent_id() != self._first_parent_id or time.monotonic() > self._deadline:
                logger.warning("visibility no longer extended: worker is orphaned or out of time")
                return
            are_extended = [
                self._extend(message) for message in self.held() if self._holds(message)
            ]
            pause = self._interval() if all(are_extended) else min(self._interval(), RETRY_SECONDS)

    def _interval(self) -> float:
        return max(self._seconds / 3, 1.0)

    def _is_done_after(self, pause: float) -> bool:
        self._woken.wait(pause)
        self._woken.clear()
        return self._done.is_set()

    def _extend(self, message: ReceivedMessage) -> bool:
        """Extend a message; return whether that succeeded."""
        try:
            self._queue.extend_visibility(message, seconds=self._seconds)
        except Exception as error:  # noqa: BLE001 - the thread must outlive any failure
            # If no retry succeeds in time, another agent repeats the work, with the same ids.
            logger.warning("visibility not extended", extra={"reason": str(error)})
            return False
        return True
