"""The parts of this host that ``doctor`` checks."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ingest.bootstrap import doctor_target
from ingest.bootstrap.states import open_state
from ingest.domain.sources import SourcePattern, single_names
from ingest.services.doctor.checks import DoctorTarget
from ingest.settings import Settings

from .state_file import temporary_state_if_missing


@contextmanager
def open_doctor_target(
    settings: Settings, given: Sequence[SourcePattern]
) -> Iterator[DoctorTarget]:
    """Open what is checked; whatever the checks open is closed at the end."""
    from ingest.adapters.system_clock import SystemClock

    with (
        temporary_state_if_missing(settings) as checked,
        doctor_target.open_doctor_target(
            checked,
            clock=SystemClock(threading.Event()),
            open_state=lambda: open_state(checked),
            repositories=single_names(given),
            sources=[each for each in given if not each.is_repository],
        ) as target,
    ):
        yield target
