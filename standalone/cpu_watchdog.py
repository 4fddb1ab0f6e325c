"""A watchdog timer of CPU time, which ends an interpreter that hangs.

If an allocation fails at the wrong moment, CPython repeats one instruction for ever, switches no
thread and handles no signal. So a timer of the kernel is used: it ends the process with SIGPROF.
"""

from __future__ import annotations

import signal

#: CPU seconds of this process: far more than any step between two restarts of the timer takes.
WATCHDOG_CPU_SECONDS = 15.0


def restart_cpu_watchdog(*, cpu_seconds: float = WATCHDOG_CPU_SECONDS) -> None:
    """Start the timer, or start it again from the beginning."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)


def stop_cpu_watchdog() -> None:
    """Stop the timer."""
    signal.setitimer(signal.ITIMER_PROF, 0)
