"""The command ``runstream``; ``python -m standalone`` is the same in a checkout."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType

from .cpu_watchdog import restart_cpu_watchdog
from .malloc_arena import share_one_arena

#: The number of new objects after which Python searches for cycles of garbage. With the default,
#: 700, the searches take 4 % of the time of a collection, and nearly no object is part of a cycle.
_GC_THRESHOLD = 20_000

#: A higher number for the first search, because importing creates 100,000 objects that all stay.
_FIRST_GC_THRESHOLD = 150_000

#: Printed if there is too little memory even to report the error.
_NO_MEMORY = b"This process may use too little memory. Allow 1 GiB, and start it again.\n"
_UNAVAILABLE = 69  # as ``failures.UNAVAILABLE``


def main() -> None:
    """Run the command line."""
    # The first process of a container ignores a signal that has no handler, and importing takes
    # a moment. With these handlers SIGTERM works from the start, and Ctrl-C prints no traceback.
    signal.signal(signal.SIGTERM, _exit_at_once)
    signal.signal(signal.SIGINT, _exit_at_once)
    restart_cpu_watchdog()  # it ends an interpreter that hangs for lack of memory
    _open_standard_streams()
    gc.set_threshold(_FIRST_GC_THRESHOLD)
    gc.callbacks.append(_lower_gc_threshold)
    share_one_arena()
    # Otherwise the interpreter searches for cycles at its exit: 10 % of a short command's time.
    atexit.register(gc.freeze)
    try:
        from .cli import cli

        signal.signal(signal.SIGINT, signal.default_int_handler)
        cli()
    except MemoryError:
        os.write(2, _NO_MEMORY)
        os._exit(_UNAVAILABLE)


def _lower_gc_threshold(_phase: str, _info: Mapping[str, int]) -> None:
    """Lower the threshold for all searches for cycles after the first one."""
    gc.callbacks.remove(_lower_gc_threshold)
    gc.set_threshold(_GC_THRESHOLD)


def _open_standard_streams() -> None:
    """Open the standard streams that the caller has closed.

    Otherwise a file or a connection would get their descriptors, and receive what is printed.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _exit_at_once(number: int, _frame: FrameType | None) -> None:
    """Exit without an exception, because an import that catches every exception would continue."""
    os._exit(128 + number)


if __name__ == "__main__":
    main()
