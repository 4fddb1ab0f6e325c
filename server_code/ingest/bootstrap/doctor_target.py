"""What ``doctor`` checks: the GitHub, queues and state of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..inspection import GithubInspector, QueueInspector
from ..ports import ActionsSource, Clock, StateStore
from ..services.doctor import DoctorTarget
from ..settings import Settings
from .buses import open_bus


@contextmanager
def open_doctor_target(
    settings: Settings,
    *,
    clock: Clock,
    open_state: Callable[[], StateStore],
    repositories: Sequence[str] = (),
) -> Iterator[DoctorTarget]:
    """Build what the checks inspect; whatever they open is closed at the end."""

    def open_github() -> tuple[GithubInspector, ActionsSource]:
        from ..adapters.github import GithubActions, open_token_pool
        from ..adapters.github.inspect import GithubCredentials
        from ..domain.counters import Counters

        counters = Counters()
        tokens = open_token_pool(settings.github, clock=clock, counters=counters)
        opened.callback(tokens.close)
        return GithubCredentials(tokens), GithubActions(tokens, counters)

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
        )
