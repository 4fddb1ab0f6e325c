"""What ``doctor`` looks at on this host."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ingest import bootstrap
from ingest.services.doctor import DoctorTarget
from ingest.settings import Settings


@contextmanager
def open_doctor_target(settings: Settings, repositories: Sequence[str]) -> Iterator[DoctorTarget]:
    """Make ready what is looked at; whatever the examination opened is closed at the end."""
    from ingest.adapters.system_clock import SystemClock

    with bootstrap.open_doctor_target(
        settings,
        clock=SystemClock(threading.Event()),
        open_state=lambda: bootstrap.open_state(settings),
        repositories=repositories,
    ) as target:
        yield target
