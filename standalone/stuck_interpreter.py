"""The end of an interpreter that lets no thread run any more.

Where memory is refused at the wrong moment, CPython repeats one instruction for ever. Then no
signal is answered either, so the kernel ends the process, with SIGPROF.
"""

from __future__ import annotations

import signal

#: Of this process. No step between two calls of ``restart_stuck_timer`` takes nearly as much.
STUCK_CPU_SECONDS = 15.0


def restart_stuck_timer(*, stuck_after: float = STUCK_CPU_SECONDS) -> None:
    """Start the timer anew: at its end the kernel ends the process."""
    signal.setitimer(signal.ITIMER_PROF, stuck_after)


def stop_stuck_timer() -> None:
    """Stop the timer."""
    signal.setitimer(signal.ITIMER_PROF, 0)
