"""The end of an interpreter that lets no thread run any more.

Where memory is refused at the wrong moment, CPython repeats one instruction for ever. Then no
signal is answered either, so the kernel ends the process, with SIGPROF.
"""

from __future__ import annotations

import signal

#: Of this process. No step between two calls of ``show_that_threads_run`` takes nearly as much.
STUCK_CPU_SECONDS = 15.0


def show_that_threads_run(*, stuck_after: float = STUCK_CPU_SECONDS) -> None:
    """Let the kernel end the process, unless this is called again within this CPU time."""
    signal.setitimer(signal.ITIMER_PROF, stuck_after)


def take_any_time() -> None:
    """Stop the timer."""
    signal.setitimer(signal.ITIMER_PROF, 0)
