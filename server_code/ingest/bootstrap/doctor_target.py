"""What ``doctor`` checks: the GitHub, queues and state of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..domain.sources import SourcePattern
from ..ports import Clock, StateStore
from ..ports.inspection import QueueInspector
from ..services.doctor.checks import DoctorTarget
from ..services.doctor.github import DoctorGithub
from ..settings import Settings
from .buses import open_bus


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

    def open_github() -> DoctorGithub:
        from ..adapters.github import GithubActions, GithubRepositories, open_token_pool
        from ..adapters.github.inspect import CredentialInspector
        from ..domain.counters import Counters

        counters = Counters()
        tokens = open_token_pool(settings.github, clock=clock, counters=counters)
        opened.callback(tokens.close)
        return DoctorGithub(
            inspector=CredentialInspector(tokens),
            actions=GithubActions(tokens, counters),
            repositories=GithubRepositories(tokens),
        )

    def open_queues() -> QueueInspector:
        bus = open_bus(settings)
        opened.callback(bus.close)
        return bus.inspector()

    with ExitStack() as opened:
        yield DoctorTarget(
            settings=settings,
            open_github=open_github,
            open_queues=open_queues,
            open_state=open_state,
            clock=clock,
            repositories=repositories,
            sources=sources,
        )
