"""How a person or a supervisor ends what works: SIGTERM or Ctrl-C, and Ctrl-C again."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from .command import INTERRUPTED

_SHOW_CURSOR = b"\x1b[?25h"


@dataclass(slots=True)
class Stop:
    """Be the wish to end: ``event`` is set once there is one, ``signal_number`` says whose."""

    event: threading.Event = field(default_factory=threading.Event)
    signal_number: int | None = None

    @property
    def exit_code(self) -> int:
        """Tell what a command exits with whose work was cut short."""
        return 0 if self.signal_number is None else 128 + self.signal_number


@contextmanager
def stopped_by_signals() -> Iterator[Stop]:
    """Turn the first SIGTERM or Ctrl-C into a wish; the second Ctrl-C ends the process at once."""
    stop = Stop()

    def wish(number: int, _frame: FrameType | None) -> None:
        if stop.signal_number is not None and number == signal.SIGINT:
            _end_at_once()
        stop.signal_number = number
        stop.event.set()

    before = {number: signal.signal(number, wish) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once() -> None:
    """Leave without a word to anybody: what was under way is taken over by the next start."""
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)  # a live view hides it
    os._exit(INTERRUPTED)
