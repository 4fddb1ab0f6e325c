"""``collect --once``: the collection of everything that is available now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ingest.bootstrap.collector import Collector
from ingest.bootstrap.workers import release_leases_of_dead_processes
from ingest.errors import IngestError, StateUnavailable
from ingest.services.collections.collection import Collection
from ingest.services.collections.collection_plan import (
    COMPLETE_COLLECTION,
    CollectionPlan,
    CollectionPolicy,
)

from .agents import LOG_THREADS, MONITORING_THREADS, add_repositories
from .terminal.pending_items import pending_attempt, pending_log
from .terminal.progress import ReadProgress, Summary, read_progress, summarize


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectOnceResult:
    """What a collection collected, and the errors that ended parts of it, by repository."""

    summary: Summary
    errors: dict[str, IngestError] = field(default_factory=dict)


def collect_once(
    collector: Collector,
    repositories: Sequence[str],
    *,
    stop: threading.Event,
    on_progress: Callable[[ReadProgress], None],
    policy: CollectionPolicy = COMPLETE_COLLECTION,
) -> CollectOnceResult:
    """Collect every run, job, commit and log of the named repositories, or of all known ones.

    Whatever fails is left pending and named in the result; everything else is still collected.
    """
    started = time.monotonic()
    context = collector.context
    add_repositories(collector, repositories)
    release_leases_of_dead_processes(context.store, now=context.clock.now())
    names = list(repositories) or [each.full_name for each in context.store.list_repositories()]

    def show() -> None:
        with suppress(StateUnavailable):  # the collecting threads fail as well, and report it
            on_progress(lambda: read_progress(collector, seconds=time.monotonic() - started))

    plan = CollectionPlan(names=names, policy=policy, should_continue=lambda: not stop.is_set())
    collection = Collection(context, plan)
    result = collection.collect_in_threads(
        monitoring_threads=MONITORING_THREADS, log_threads=LOG_THREADS, on_wait=show
    )
    pending = (
        *map(pending_attempt, result.unread_attempts),
        *map(pending_log, result.pending_logs),
    )
    summary = summarize(collector, seconds=time.monotonic() - started)
    return CollectOnceResult(summary=replace(summary, pending=pending), errors=result.errors)
