"""GitHub and logs for single requests, without a whole collector."""

from __future__ import annotations

from ..domain.counters import Counters
from ..ports import ActionsSource, Clock, StateStore
from ..services.read_log import LogReader
from ..settings import Settings
from .buses import open_bus
from .states import log_cache_of


def open_source(settings: Settings, *, clock: Clock, counters: Counters) -> ActionsSource:
    """Open GitHub alone. Raises BadCredentials or BadSettings."""
    from ..adapters.github import GithubActions, open_token_pool

    return GithubActions(open_token_pool(settings.github, clock=clock, counters=counters), counters)


def open_log_reader(settings: Settings, *, state: StateStore, clock: Clock) -> LogReader:
    """Open a reader of single logs, with GitHub and the bucket where there is one."""
    counters = Counters()
    blobs = open_bus(settings).open_blobs() if settings.queues.log_bucket else None
    return LogReader(
        source=open_source(settings, clock=clock, counters=counters),
        store=state,
        blobs=blobs,
        clock=clock,
        counters=counters,
        log_cache=log_cache_of(state),
    )
