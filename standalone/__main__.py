"""The command ``runstream``; ``python -m standalone`` is the same in a checkout."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from types import FrameType

from .stuck_interpreter import restart_stuck_timer

#: Objects are counted so far before cycles among them are searched for: by default after 700, which
#: takes a twenty-fifth of the time of a collection, and nearly none of what it creates is a cycle.
_GC_THRESHOLDS = (150_000, 10, 10)


#: Where memory is refused even to what reports it; 69 is ``failures.UNAVAILABLE``.
_NO_MEMORY = b"This process may use too little memory. Allow 1 GiB, and start it again.\n"
_UNAVAILABLE = 69


def main() -> None:
    """Run the command line."""
    # The first process of a container ignores a signal that has no handler, and importing takes
    # a moment: SIGTERM must end the process from its first line on, and Ctrl-C without a traceback.
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    restart_stuck_timer()
    _open_standard_streams()
    gc.set_threshold(*_GC_THRESHOLDS)
    # At its end, the interpreter would search all there is for cycles: a tenth of a short command.
    atexit.register(gc.freeze)
    try:
        from .cli import cli

        signal.signal(signal.SIGINT, signal.default_int_handler)
        cli()
    except MemoryError:
        os.write(2, _NO_MEMORY)
        os._exit(_UNAVAILABLE)


def _open_standard_streams() -> None:
    """Open the standard streams that the caller has closed.

    Otherwise a file or a connection would get their numbers, and receive what is printed.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _end(number: int, _frame: FrameType | None) -> None:
    """End the process; raising SystemExit would end what catches everything, such as an import."""
    os._exit(128 + number)


if __name__ == "__main__":
    main()
