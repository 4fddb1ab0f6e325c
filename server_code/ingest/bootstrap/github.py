"""GitHub and logs for single requests, without a whole collector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..domain.counters import Counters
from ..errors import GithubUnavailable
from ..ports import ActionsApi, Clock, StateStore
from ..services.doctor.github import DoctorGithub
from ..services.log_ingestion.read_log import LogReader
from ..settings import Settings
from ..wire.app_manifest import RegisteredApp
from .buses import open_bus

#: How many times a code is sent to GitHub if GitHub fails, and the pause between two tries.
EXCHANGE_TRIES = 3
EXCHANGE_PAUSE_SECONDS = 1.0


def open_github(settings: Settings, *, clock: Clock, counters: Counters) -> ActionsApi:
    """Open GitHub alone. Raises BadCredentials or BadSettings."""
    from ..adapters.github import GithubActions, open_token_pool

    return GithubActions(open_token_pool(settings.github, clock=clock, counters=counters), counters)


@contextmanager
def open_github_apis(settings: Settings, *, clock: Clock) -> Iterator[DoctorGithub]:
    """Open GitHub for ``doctor`` and previews of sources. Raises BadCredentials or BadSettings."""
    from ..adapters.github import GithubActions, GithubRepositories, open_token_pool
    from ..adapters.github.inspect import CredentialInspector

    counters = Counters()
    tokens = open_token_pool(settings.github, clock=clock, counters=counters)
    try:
        yield DoctorGithub(
            repositories=GithubRepositories(tokens),
            actions=GithubActions(tokens, counters),
            inspector=CredentialInspector(tokens),
        )
    finally:
        tokens.close()


def exchange_app_code(code: str, *, api_url: str, clock: Clock) -> RegisteredApp:
    """Exchange the code of a manifest for the App, whose key GitHub sends only once.

    Raises Rejected if GitHub does not accept the code, and other errors of its answer. A person is
    waiting, so a failure of GitHub is soon retried.
    """
    from ..adapters.github.apps import exchange_code

    for _ in range(EXCHANGE_TRIES - 1):
        try:
            return exchange_code(code, api_url=api_url, clock=clock)
        except GithubUnavailable:
            clock.sleep(EXCHANGE_PAUSE_SECONDS)
    return exchange_code(code, api_url=api_url, clock=clock)


def open_log_reader(settings: Settings, *, state: StateStore, clock: Clock) -> LogReader:
    """Open a reader of single logs, which are in the cache, the bucket, if there is one, or GitHub.

    Raises BadCredentials or BadSettings.
    """
    counters = Counters()
    blobs = open_bus(settings).open_blobs() if settings.queues.log_bucket else None
    return LogReader(
        github=open_github(settings, clock=clock, counters=counters),
        store=state,
        blobs=blobs,
        clock=clock,
        counters=counters,
        log_cache=state.log_cache,
    )
