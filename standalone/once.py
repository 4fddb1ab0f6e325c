"""Collecting everything that there is, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ingest.bootstrap import Collector
from ingest.errors import IngestError, StateUnavailable
from ingest.services.log_results import as_ingest_error
from ingest.services.requeue_logs import requeue_stale_logs

from .agents import IDLE_SECONDS, LOG_THREADS, MONITORING_THREADS, watch
from .once_logs import LogCollection
from .once_runs import RunCollection
from .pending_items import pending_attempt, pending_log
from .progress import Progress, Summary, look, summarize


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionResult:
    """What a collection brought, and the errors that ended parts of it, by repository."""

    summary: Summary
    errors: dict[str, IngestError] = field(default_factory=dict)


def collect_once(
    collector: Collector,
    repositories: Sequence[str],
    *,
    stop: threading.Event,
    on_progress: Callable[[Progress], None],
) -> CollectionResult:
    """Collect every run, job, commit and log of the repositories; all known ones if none is named.

    What fails holds nothing else: it is left pending, and is named in the result.
    """
    started = time.monotonic()
    watch(collector, repositories)
    context = collector.context
    names = list(repositories) or [each.full_name for each in context.store.list_repositories()]
    requeue_stale_logs(context, names)
    runs_are_done = threading.Event()
    runs = RunCollection(context, names, stop=stop)
    logs = LogCollection(context, names, stop=stop, runs_are_done=runs_are_done)
    with (
        ThreadPoolExecutor(MONITORING_THREADS) as pollers,
        ThreadPoolExecutor(LOG_THREADS) as ingesters,
    ):
        polls = [pollers.submit(runs.poll) for _ in range(MONITORING_THREADS)]
        ingestions = [ingesters.submit(logs.ingest) for _ in range(LOG_THREADS)]
        try:
            while not all(work.done() for work in (*polls, *ingestions)):
                if all(poll.done() for poll in polls):
                    runs_are_done.set()
                with suppress(StateUnavailable):  # the threads meet it too, and say so
                    on_progress(look(collector, seconds=time.monotonic() - started))
                context.clock.sleep(IDLE_SECONDS)
        finally:
            runs_are_done.set()
    errors = dict(runs.errors)
    for work in (*polls, *ingestions):
        if (error := _error_of(work)) is not None:
            errors.setdefault("the collection", error)
    pending = (*map(pending_attempt, runs.unread), *map(pending_log, logs.load_pending()))
    summary = summarize(collector, seconds=time.monotonic() - started)
    return CollectionResult(summary=replace(summary, pending=pending), errors=errors)


def _error_of(work: Future[IngestError | None]) -> IngestError | None:
    raised = work.exception()
    if isinstance(raised, Exception):
        return as_ingest_error(raised, "the collection")
    return work.result()
