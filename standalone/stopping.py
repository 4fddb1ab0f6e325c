"""How a person or a supervisor ends what works: SIGTERM or Ctrl-C, and Ctrl-C again."""

from __future__ import annotations

import os
import signal
import socket
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
    """Turn the first SIGTERM or Ctrl-C into a wish; the second Ctrl-C ends the process at once.

    A thread of its own reads the signals from Python's wakeup descriptor. Handlers would need the
    main thread, which does not wake from a wait where the kernel gave the signal to another thread,
    and which may hold the event's lock when it does.
    https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """
    stop = Stop()
    arriving, arrived = socket.socketpair()
    arrived.settimeout(0)  # the descriptor must not block
    listener = threading.Thread(target=_listen, args=(arriving, stop))
    before = {number: signal.signal(number, _wake) for number in (signal.SIGTERM, signal.SIGINT)}
    descriptor_before = signal.set_wakeup_fd(arrived.fileno(), warn_on_full_buffer=False)
    listener.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(descriptor_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        arrived.close()  # which ends the listener
        listener.join()
        arriving.close()


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Let Python write the signal's number to the descriptor, which it does for handled ones."""


def _listen(arriving: socket.socket, stop: Stop) -> None:
    """Hear of signals until the other end is closed."""
    while numbers := arriving.recv(16):
        for number in numbers:
            if stop.signal_number is not None and number == signal.SIGINT:
                _end_at_once()
            if number in (signal.SIGTERM, signal.SIGINT):
                stop.signal_number = number
                stop.event.set()


def _end_at_once() -> None:
    """Leave without a word to anybody: what was under way is taken over by the next start."""
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)  # a live view hides it
    os._exit(INTERRUPTED)
