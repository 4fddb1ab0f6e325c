"""What ``doctor`` looks at: the settings' GitHub, queues and state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..inspection import GithubInspector, QueueInspector
from ..ports import ActionsSource, Clock, StateStore
from ..services.doctor import Patient
from ..settings import Settings
from .access import aws_access


@contextmanager
def open_patient(
    settings: Settings,
    *,
    clock: Clock,
    open_state: Callable[[], StateStore],
    repositories: Sequence[str] = (),
) -> Iterator[Patient]:
    """Make ready what is looked at; whatever the examination opened is closed at the end."""

    def open_github() -> tuple[GithubInspector, ActionsSource]:
        from ..adapters.github import GithubActions, open_token_pool
        from ..adapters.github.inspect import GithubCredentials
        from ..domain.meter import Meter

        meter = Meter()
        tokens = open_token_pool(settings.github, clock=clock, meter=meter)
        opened.callback(tokens.close)
        return GithubCredentials(tokens), GithubActions(tokens, meter)

    def open_queues() -> QueueInspector:
        from ..adapters.aws import s3_client, sqs_client
        from ..adapters.aws.inspect import AwsInspector

        access = aws_access(settings.aws)
        sqs, s3 = sqs_client(access), s3_client(access)
        opened.callback(sqs.close)
        opened.callback(s3.close)
        return AwsInspector(sqs, s3)

    with ExitStack() as opened:
        yield Patient(
            settings=settings,
            open_github=open_github,
            open_queues=open_queues,
            open_state=open_state,
            clock=clock,
            repositories=repositories,
        )
