"""Names of processes, and which of them are dead."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ..ports import RepositoryStore


def worker_id() -> str:
    """Return this process's name in leases: its machine and its PID."""
    return f"{_machine()}:{os.getpid()}"


def is_dead_local_worker(holder: str) -> bool:
    """Return whether a holder was a process of this machine that has ended."""
    place, _, number = holder.rpartition(":")
    if place != _machine() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def release_leases_of_dead_processes(store: RepositoryStore, *, now: datetime) -> None:
    """Release the leases of this machine's dead processes. Raises StateUnavailable."""
    for record in store.list_repositories():
        holder = record.lease_holder
        if holder is not None and is_dead_local_worker(holder):
            store.release_repository(record, holder=holder, next_poll_at=now)


def _machine() -> str:
    """Return the host, its boot and its PID namespace: machines and containers may share a name.

    Of the boot's random id the first 8 digits suffice, because pages show the name.
    """
    boot = namespace = ""
    with suppress(OSError):  # not every system has these files
        namespace = str(Path("/proc/self/ns/pid").readlink())
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    return f"{socket.gethostname()}:{boot}:{namespace}"
