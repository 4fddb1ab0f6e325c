"""Which threads of an idle agent poll for work."""

from __future__ import annotations

import threading
from collections.abc import Callable


class IdlePollGate:
    """A gate that lets all threads of an agent poll, but only one while there is no work.

    Each poll costs a query or a request, and more threads would not find new work sooner.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_idle = False
        self._polling_thread: int | None = None

    def poll(self, ask: Callable[[], int], pause: Callable[[], object]) -> None:
        """Ask for work in this thread, or pause it if the agent is idle and another one polls.

        ``ask`` returns how much work it found.
        """
        if not self.try_enter():
            pause()
            return
        found = None
        try:
            found = ask()
        finally:
            self.leave(found_nothing=found == 0)

    def try_enter(self) -> bool:
        """Return whether this thread may poll now."""
        me = threading.get_ident()
        with self._lock:
            if self._is_idle and self._polling_thread not in (None, me):
                return False
            self._polling_thread = me
            return True

    def open(self) -> None:
        """Let all threads poll, because there is work."""
        with self._lock:
            self._is_idle, self._polling_thread = False, None

    def leave(self, *, found_nothing: bool) -> None:
        """Record that the poll of this thread has ended, and whether it found nothing."""
        with self._lock:
            self._is_idle = found_nothing
            if self._polling_thread == threading.get_ident():
                self._polling_thread = None
