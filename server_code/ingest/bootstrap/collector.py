"""A collector: all adapters, ready to work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..domain.counters import Counters
from ..ports import BlobStore, Clock, EventBus, Publisher, StateStore
from ..services.context import CollectorContext
from ..services.intercepted_ports import TrackedRequests, intercept
from ..settings import Settings
from .buses import open_bus
from .state_stores import open_state
from .workers import worker_id

_Queue = TypeVar("_Queue", bound=Publisher)

#: Requests to GitHub that one collector sends at once; GitHub allows 100 for one token.
GITHUB_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A collector that is ready to work. ``close`` releases all it holds."""

    settings: Settings
    context: CollectorContext
    closers: tuple[Callable[[], object], ...]

    def close(self) -> None:
        """End the worker threads, then close the connections."""
        for close in self.closers:
            close()


def open_standalone_collector(
    settings: Settings, *, stop: threading.Event, checks_bucket: bool = True
) -> Collector:
    """Open a collector outside Anvil, with its own state store and clock; ``stop`` ends its waits.

    Raises QueueMissing, AccessDenied, StateUnavailable, BadCredentials or BadSettings with what
    to do.
    """
    from ..adapters.system_clock import SystemClock

    state, clock = open_state(settings), SystemClock(stop)
    return open_collector(settings, state=state, clock=clock, checks_bucket=checks_bucket)


def open_collector(
    settings: Settings,
    *,
    state: StateStore,
    clock: Clock,
    checks_bucket: bool = True,
    counters: Counters | None = None,
) -> Collector:
    """Open a collector on a state store that is open already.

    ``checks_bucket``: False if no logs are published, because only logs need the bucket.
    """
    from ..adapters.github import GithubActions, GithubRepositories, open_token_pool

    bus, queues, counters = open_bus(settings), settings.queues, counters or Counters()
    blobs = _open_blobs(bus, queues.log_bucket, counters, is_checked=checks_bucket)
    tokens = open_token_pool(settings.github, clock=clock, counters=counters)
    executor = ThreadPoolExecutor(GITHUB_THREADS, thread_name_prefix="github")
    log_executor = ThreadPoolExecutor(GITHUB_THREADS, thread_name_prefix="github-logs")
    context = CollectorContext(
        github=GithubActions(tokens, counters),
        repository_api=GithubRepositories(tokens),
        sources=settings.sources,
        store=state,
        metrics_queue=_open_tracked(bus.open_publisher, queues.metrics_queue, counters),
        logs_queue=_open_tracked(bus.open_publisher, queues.logs_queue, counters),
        job_events_queue=_open_tracked(bus.open_work_queue, queues.job_events_queue, counters),
        blobs=blobs,
        clock=clock,
        executor=executor,
        log_executor=log_executor,
        counters=counters,
        settings=settings.collecting,
        worker_id=worker_id(),
        log_cache=state.log_cache,
        cloudevents_source_root=settings.cloudevents_source_root,
    )
    closers: tuple[Callable[[], object], ...] = (
        *(partial(each.shutdown, cancel_futures=True) for each in (executor, log_executor)),
        tokens.close,
        bus.close,
        state.close,
    )
    return Collector(settings=settings, context=context, closers=closers)


def _open_blobs(
    bus: EventBus, name: str | None, counters: Counters, *, is_checked: bool
) -> BlobStore | None:
    blobs = bus.open_blobs()
    if is_checked and blobs is not None:
        TrackedRequests(f"LOG_BUCKET {name}", counters.pending_requests).send(blobs.require_bucket)
    return blobs


def _open_tracked(
    open_queue: Callable[[str, Counters], _Queue], name: str, counters: Counters
) -> _Queue:
    """Open a queue; heartbeats report its requests, the opening included, that have no answer."""
    requests = TrackedRequests(f"Queue {name}", counters.pending_requests)
    return intercept(requests.send(partial(open_queue, name, counters)), requests.send)
