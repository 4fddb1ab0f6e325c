"""What ``doctor`` looks at on this host: the settings' GitHub, queues and state."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ingest.bootstrap import aws_access, open_state
from ingest.inspection import GithubInspector, QueueInspector
from ingest.ports import ActionsSource
from ingest.services.doctor import Patient
from ingest.settings import Settings


@contextmanager
def open_patient(settings: Settings, repositories: Sequence[str]) -> Iterator[Patient]:
    """Make ready what is looked at; whatever the examination opened is closed at the end."""
    from ingest.adapters.system_clock import SystemClock

    clock = SystemClock(threading.Event())

    def open_github() -> tuple[GithubInspector, ActionsSource]:
        from ingest.adapters.github import GithubActions, open_token_pool
        from ingest.adapters.github.inspect import GithubCredentials
        from ingest.domain.meter import Meter

        meter = Meter()
        tokens = open_token_pool(settings.github, clock=clock, meter=meter)
        opened.callback(tokens.close)
        return GithubCredentials(tokens), GithubActions(tokens, meter)

    def open_queues() -> QueueInspector:
        from ingest.adapters.aws import s3_client, sqs_client
        from ingest.adapters.aws.inspect import AwsInspector

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
            open_state=lambda: open_state(settings),
            clock=clock,
            repositories=repositories,
        )
