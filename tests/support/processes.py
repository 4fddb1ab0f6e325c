"""Whether processes have ended."""

from __future__ import annotations

from collections.abc import Sequence

import psutil


def have_ended(processes: Sequence[psutil.Process]) -> bool:
    """Tell whether none of them runs; one that nobody has waited for does not."""
    return not any(_runs(each) for each in processes)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
