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
from .cpu_watchdog import WATCHDOG_CPU_SECONDS, restart_cpu_watchdog, stop_cpu_watchdog
from .logs import write_final_notice

#: A stop takes 20 s at most: this long for the work in progress, then
#: ``supervised_process.GRACE_SECONDS`` for the servers that this process has started.
SHUTDOWN_SECONDS = 10.0

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_SHOW_CURSOR = b"\x1b[?25h"


@dataclass(slots=True)
class Stop:
    """A request to stop, made when ``event`` is set; ``signal_number`` is None without a signal."""

    event: threading.Event = field(default_factory=threading.Event)
    signal_number: int | None = None

    def should_continue(self) -> bool:
        """Return whether no stop was requested yet."""
        return not self.event.is_set()

    @property
    def exit_code(self) -> int:
        """Return the exit code of a command whose work was cut short."""
        return 0 if self.signal_number is None else 128 + self.signal_number


@contextmanager
def stopped_by_signals(*, cpu_seconds: float = WATCHDOG_CPU_SECONDS) -> Iterator[Stop]:
    """Set the event at the first signal; the second Ctrl-C ends the process at once.

    A separate thread reads the signals from Python's wakeup descriptor. A handler could not set the
    event: Python runs it in the main thread, which may hold the event's lock, and which keeps
    waiting if the kernel has delivered the signal to another thread.
    https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    ``cpu_seconds`` is the limit of the CPU watchdog, which the separate thread restarts.
    """
    stop = Stop()
    wakeup_reader, wakeup_writer = socket.socketpair()
    wakeup_reader.settimeout(cpu_seconds / 6)
    wakeup_writer.settimeout(0)  # the descriptor must not block
    listener = threading.Thread(target=_listen, args=(wakeup_reader, stop, cpu_seconds))
    # Set before the handlers, and reset after them: ``_wake`` alone would lose a signal.
    descriptor_before = signal.set_wakeup_fd(wakeup_writer.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, _wake) for number in _stop_signals()}
    listener.start()
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(descriptor_before)
        wakeup_writer.close()  # which ends the listener
        listener.join()
        stop_cpu_watchdog()
        wakeup_reader.close()


@contextmanager
def shutdown_deadline(stop: Stop, *, exit_code: int | None = None) -> Iterator[None]:
    """Exit if the process still runs SHUTDOWN_SECONDS after a signal that the block received.

    This also holds after the end of the block, because Python waits for all threads before it
    exits. The next start undoes or repeats the work in progress, as after a kill. ``exit_code`` is
    128 plus the signal's number by default.
    """
    is_over = threading.Event()

    def wait() -> None:
        stop.event.wait()
        if stop.signal_number is not None and not is_over.wait(SHUTDOWN_SECONDS):
            write_final_notice("Stopped during work in progress, which the next start repeats.")
            _end_at_once(stop.exit_code if exit_code is None else exit_code)

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield
    finally:
        if stop.signal_number is None:
            is_over.set()


def _stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that stop this process, without SIGHUP if it is ignored, as by `nohup`."""
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return (signal.SIGTERM, signal.SIGINT) if is_ignored else _STOP_SIGNALS


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: Python writes a signal's number to the descriptor only if it has a handler."""


def _listen(wakeup_reader: socket.socket, stop: Stop, cpu_seconds: float) -> None:
    """Read signals until the other end is closed, and restart the CPU watchdog."""
    while True:
        restart_cpu_watchdog(cpu_seconds=cpu_seconds)
        try:
            numbers = wakeup_reader.recv(16)
        except TimeoutError:
            continue
        if not numbers:
            return
        for number in numbers:
            if stop.signal_number is not None and number == signal.SIGINT:
                _end_at_once(INTERRUPTED)
            if number in _STOP_SIGNALS:
                stop.signal_number = number
                stop.event.set()


def _end_at_once(exit_code: int) -> None:
    """End the process without cleaning up: the next start takes over what was in progress."""
    if sys.stderr.isatty():
        os.write(2, _SHOW_CURSOR)  # a live view hides it
    os._exit(exit_code)
