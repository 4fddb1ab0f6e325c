"""Which threads of an idle agent wait for its queue."""

from __future__ import annotations

import threading


class QueueWaits:
    """The threads of one agent, of which one waits while the queue is empty.

    A wait is a request that costs time here and money there, and a second one finds nothing sooner.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_empty = False
        self._waiting: int | None = None

    def begin(self) -> bool:
        """Return whether this thread receives now: another one waits already where it does not."""
        me = threading.get_ident()
        with self._lock:
            if self._is_empty and self._waiting not in (None, me):
                return False
            self._waiting = me
            return True

    def note_work(self) -> None:
        """Note that the queue is not empty, so that all threads receive."""
        with self._lock:
            self._is_empty, self._waiting = False, None

    def end(self, *, is_empty: bool) -> None:
        """Note what this thread's turn found."""
        with self._lock:
            self._is_empty = is_empty
            if self._waiting == threading.get_ident():
                self._waiting = None
