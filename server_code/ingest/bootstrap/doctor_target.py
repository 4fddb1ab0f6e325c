"""What ``doctor`` checks: the GitHub, queues and state of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from ..domain.sources import SourcePattern
from ..ports import Clock, StateStore
from ..services.doctor.checks import DoctorTarget
from ..settings import Settings
from .buses import open_bus
from .github import open_github_apis


@contextmanager
def open_doctor_target(
    settings: Settings,
    *,
    clock: Clock,
    open_state: Callable[[], StateStore],
    repositories: Sequence[str] = (),
    sources: Sequence[SourcePattern] = (),
) -> Iterator[DoctorTarget]:
    """Build the target of the checks; close at the end what they have opened."""
    with ExitStack() as opened:
        yield DoctorTarget(
            settings=settings,
            open_github=lambda: opened.enter_context(open_github_apis(settings, clock=clock)),
            open_queues=lambda: opened.enter_context(closing(open_bus(settings))).inspector(),
            open_state=open_state,
            clock=clock,
            repositories=repositories,
            sources=sources,
        )
