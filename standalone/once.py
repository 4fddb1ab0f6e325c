"""``collect --once``: the collection of everything that is available now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.bootstrap.collector import Collector
from ingest.bootstrap.workers import release_leases_of_dead_processes
from ingest.errors import IngestError
from ingest.services.collections.collection import Collection
from ingest.services.collections.collection_plan import (
    COMPLETE_COLLECTION,
    CollectionPlan,
    CollectionPolicy,
)

from .agents import LOG_THREADS, MONITORING_THREADS, add_repositories
from .terminal.progress import Summary, pending_attempt, pending_log, summarize


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
    on_progress: Callable[[], None],
    policy: CollectionPolicy = COMPLETE_COLLECTION,
) -> CollectOnceResult:
    """Collect the named repositories, or all known ones, as completely as the policy says.

    Whatever fails is left pending and named in the result; everything else is still collected.
    """
    started = time.monotonic()
    context = collector.context
    add_repositories(collector, repositories)
    release_leases_of_dead_processes(context.store, now=context.clock.now())
    names = list(repositories) or [each.full_name for each in context.store.list_repositories()]

    plan = CollectionPlan(
        repositories=names, policy=policy, should_continue=lambda: not stop.is_set()
    )
    collection = Collection(context, plan)
    result = collection.collect_in_threads(
        monitoring_threads=MONITORING_THREADS, log_threads=LOG_THREADS, on_wait=on_progress
    )
    pending = (
        *map(pending_attempt, result.unread_attempts),
        *map(pending_log, result.pending_logs),
    )
    summary = summarize(collector, seconds=time.monotonic() - started, pending=pending)
    return CollectOnceResult(summary=summary, errors=result.errors)
