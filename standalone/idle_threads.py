"""Which threads of an idle agent ask for work."""

from __future__ import annotations

import threading
from collections.abc import Callable


class IdleThreads:
    """The threads of one agent, of which one asks for work while there is none.

    Each time costs a query or a request, and a second one finds nothing sooner.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_empty = False
        self._waiting: int | None = None

    def take_turn(self, ask: Callable[[], int], rest: Callable[[], object]) -> None:
        """Ask for work, and wait for it, in this thread; rest where another one waits already.

        ``ask`` returns how much it found.
        """
        if not self.begin():
            rest()
            return
        found = None
        try:
            found = ask()
        finally:
            self.end(is_empty=found == 0)

    def begin(self) -> bool:
        """Return whether this thread asks now: not where another one waits for work already."""
        me = threading.get_ident()
        with self._lock:
            if self._is_empty and self._waiting not in (None, me):
                return False
            self._waiting = me
            return True

    def note_work(self) -> None:
        """Note that there is work, so that all threads ask for it."""
        with self._lock:
            self._is_empty, self._waiting = False, None

    def end(self, *, is_empty: bool) -> None:
        """Note what this thread's turn found."""
        with self._lock:
            self._is_empty = is_empty
            if self._waiting == threading.get_ident():
                self._waiting = None
