"""How a process is ended: SIGTERM, Ctrl-C, a closed terminal (SIGHUP), and Ctrl-C again."""

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
from .logs import write_final_notice
from .stuck_interpreter import STUCK_CPU_SECONDS, restart_stuck_timer, stop_stuck_timer

#: Everything ends within 20 s. Servers that this process has started still have
#: ``supervised_process.GRACE_SECONDS`` after it, and a busy machine needs the rest.
END_SECONDS = 10.0

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_SHOW_CURSOR = b"\x1b[?25h"


@dataclass(slots=True)
class Stop:
    """The request to end: ``event`` is set once there is one, ``signal_number`` says by what."""

    event: threading.Event = field(default_factory=threading.Event)
    signal_number: int | None = None

    @property
    def exit_code(self) -> int:
        """Return the exit code of a command whose work was cut short."""
        return 0 if self.signal_number is None else 128 + self.signal_number


@contextmanager
def stopped_by_signals(*, stuck_after: float = STUCK_CPU_SECONDS) -> Iterator[Stop]:
    """Turn the first signal into a request to end; the second Ctrl-C ends the process at once.

    A thread of its own reads the signals from Python's wakeup descriptor. Handlers would need the
    main thread, which does not wake from a wait where the kernel gave the signal to another thread,
    and which may hold the event's lock when it does.
    https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    An interpreter that is stuck is ended after this many seconds of CPU time.
    """
    stop = Stop()
    arriving, arrived = socket.socketpair()
    arriving.settimeout(stuck_after / 6)
    arrived.settimeout(0)  # the descriptor must not block
    listener = threading.Thread(target=_listen, args=(arriving, stop, stuck_after))
    before = {number: signal.signal(number, _wake) for number in _requests()}
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
        stop_stuck_timer()
        arriving.close()


@contextmanager
def ends_in_time(stop: Stop, *, exit_code: int | None = None) -> Iterator[None]:
    """End the process if it is still there END_SECONDS after a signal that the block received.

    Also where the block has ended: Python waits for all threads at its own end. What it was doing
    is undone or repeated by the next start, as after a kill. ``exit_code``: 128 plus the signal's
    number by default.
    """
    is_over = threading.Event()

    def wait() -> None:
        stop.event.wait()
        if stop.signal_number is not None and not is_over.wait(END_SECONDS):
            write_final_notice("Stopped during work in progress, which the next start repeats.")
            _end_at_once(stop.exit_code if exit_code is None else exit_code)

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield
    finally:
        if stop.signal_number is None:
            is_over.set()


def _requests() -> tuple[signal.Signals, ...]:
    """Return the signals that request an end: not SIGHUP under `nohup`, which ignores it."""
    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGTERM, signal.SIGINT) if is_kept else _ENDING


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: Python writes the number of a handled signal to the descriptor."""


def _listen(arriving: socket.socket, stop: Stop, stuck_after: float) -> None:
    """Read signals until the other end is closed, and show that threads run."""
    while True:
        restart_stuck_timer(stuck_after=stuck_after)
        try:
            numbers = arriving.recv(16)
        except TimeoutError:
            continue
        if not numbers:
            return
        for number in numbers:
            if stop.signal_number is not None and number == signal.SIGINT:
                _end_at_once(INTERRUPTED)
            if number in _ENDING:
                stop.signal_number = number
                stop.event.set()


def _end_at_once(exit_code: int) -> None:
    """End the process without cleaning up: the next start takes over what was in progress."""
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)  # a live view hides it
    os._exit(exit_code)
