"""GitHub and logs for a question or two, without a whole collector."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.counters import Counters
from ..ports import ActionsSource, BlobStore, Clock, LogCache, StateStore
from ..settings import Settings
from .access import aws_access
from .states import log_cache_of


def open_source(settings: Settings, *, clock: Clock, counters: Counters) -> ActionsSource:
    """Open GitHub alone, for one question. Raises BadCredentials or BadSettings."""
    from ..adapters.github import GithubActions, open_token_pool

    return GithubActions(open_token_pool(settings.github, clock=clock, counters=counters), counters)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSources:
    """Be all that a log can be read from, without the queues."""

    source: ActionsSource
    store: StateStore
    blobs: BlobStore | None
    clock: Clock
    counters: Counters
    log_cache: LogCache | None


def open_log_sources(settings: Settings, *, state: StateStore, clock: Clock) -> LogSources:
    """Open what reading a log again needs: GitHub, and the bucket where there is one."""
    from ..adapters.aws import s3_client
    from ..adapters.aws.s3 import S3BlobStore

    bucket, counters = settings.aws.log_bucket, Counters()
    blobs = S3BlobStore(s3_client(aws_access(settings.aws)), bucket) if bucket else None
    return LogSources(
        source=open_source(settings, clock=clock, counters=counters),
        store=state,
        blobs=blobs,
        clock=clock,
        counters=counters,
        log_cache=log_cache_of(state),
    )
