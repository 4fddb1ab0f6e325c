"""``/metrics``: counters of this process and gauges of its state, for Prometheus."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ingest.domain.counters import sent_messages_counter
from ingest.domain.ledger import LedgerCounts
from ingest.errors import IngestError
from ingest.services.context import CollectorContext
from ingest.services.dashboard.health_input import total_counts
from ingest.services.dashboard.rows import repository_state
from ingest.services.monitoring.count_published import job_lag_histogram
from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ..query_runner import QueryRunner
from .server import WsgiApp

logger = logging.getLogger(__name__)

METRICS_PATH = "/metrics"
REFRESH_SECONDS = 60.0

#: Counters, with the names and descriptions of their metrics.
_COUNTERS = {
    "runs": ("runs", "Workflow runs published for the first time."),
    "attempts": ("attempts", "Run attempts published for the first time."),
    "jobs": ("jobs", "Jobs published for the first time."),
    "steps": ("steps", "Steps published for the first time."),
    "commits": ("commits", "Commits whose metrics were fetched."),
    "logs": ("logs", "Logs published completely."),
    "logs_unavailable": ("unavailable_logs", "Logs published as unavailable."),
    "log_bytes": ("log_bytes", "Bytes of logs and log archives fetched from GitHub."),
    "queue_requests": ("queue_requests", "Requests to the message bus."),
    "errors": ("errors", "Errors reported to people."),
}


def metrics_app(
    context: CollectorContext, run_query: QueryRunner, dead_letters: Callable[[], int | None]
) -> WsgiApp:
    """Return the WSGI app of ``/metrics``, with this process's memory and processor time."""
    registry = CollectorRegistry()
    registry.register(MetricsCollector(context, run_query, dead_letters))
    ProcessCollector(registry=registry)
    app: WsgiApp = make_wsgi_app(registry)
    return app


class DeadLetterCount:
    """The last count of dead letters, made in the background so that no scrape waits for it.

    A count starts when it is asked for, at the earliest a minute after the end of the one before.
    """

    def __init__(self, count: Callable[[], int | None]) -> None:
        self._count = count
        self._latest: int | None = None
        self._next_at = 0.0
        self._lock = threading.Lock()

    def latest(self) -> int | None:
        """Return the last count, None if unknown, and start a new one if it is time."""
        with self._lock:
            if time.monotonic() >= self._next_at:
                threading.Thread(target=self.refresh, name="dead letters", daemon=True).start()
                self._next_at = math.inf
        return self._latest

    def refresh(self) -> None:
        """Count again."""
        latest = None
        try:
            latest = self._count()
        except IngestError as error:
            logger.warning("dead letters not counted", extra={"reason": str(error)})
        finally:
            with self._lock:
                self._latest = latest
                self._next_at = time.monotonic() + REFRESH_SECONDS


@dataclass(frozen=True, eq=False, slots=True)
class MetricsCollector(Collector):
    """The metrics of a collector: counters of this process, gauges of the whole state."""

    context: CollectorContext
    run_query: QueryRunner
    dead_letters: Callable[[], int | None]

    def describe(self) -> list[Metric]:
        """Return nothing: registration must not read the state."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; costs four queries of the state and no request.

        If the state does not answer, the counters remain, and ``runstream_state_up`` is 0.
        """
        yield from _counted(self.context)
        yield from _rate_limit(self.context)
        letters = self.dead_letters()
        if letters is not None:
            help_text = "Log work in the dead-letter queue at the last count; absent if unknown."
            yield _gauge("dead_letters", help_text, letters)
        try:
            state_metrics = self.run_query(lambda: list(_state_metrics(self.context)))
        except IngestError as error:
            logger.warning("state not measured", extra={"reason": str(error)})
            state_metrics = []
        yield _gauge("state_up", "Whether the state is available.", int(bool(state_metrics)))
        yield from state_metrics


def _counted(context: CollectorContext) -> Iterator[Metric]:
    counts = context.counters.snapshot()
    for counter, (name, help_text) in _COUNTERS.items():
        yield CounterMetricFamily(f"runstream_{name}", help_text, value=counts.get(counter, 0))
    sent = {queue: counts.get(sent_messages_counter(queue), 0) for queue in context.queue_names}
    yield _labelled(CounterMetricFamily, "messages", "Messages that were sent.", "queue", sent)
    buckets, lag_sum = job_lag_histogram(counts)
    help_text = "Seconds from a job's end to its message on the metrics queue, without backfills."
    yield HistogramMetricFamily("runstream_job_lag_seconds", help_text, buckets, lag_sum)
    requests = {kind: counts.get(f"github_requests.{kind}", 0) for kind in ("charged", "free")}
    help_text = "Requests to GitHub. Free requests do not count against the rate limit."
    yield _labelled(CounterMetricFamily, "github_requests", help_text, "kind", requests)


def _rate_limit(context: CollectorContext) -> Iterator[Metric]:
    rate_limit = context.github.rate_limit_status()
    reset_at = None if rate_limit.reset_at is None else rate_limit.reset_at.timestamp()
    for name, help_text, value in (
        ("rate_limit", "Requests per hour that GitHub allows.", rate_limit.limit),
        ("rate_limit_remaining", "Requests remaining in this hour.", rate_limit.remaining),
        ("rate_limit_reset_timestamp_seconds", "Time at which the limit resets.", reset_at),
    ):
        if value is not None:
            yield _gauge(f"github_{name}", help_text, value)


def _state_metrics(context: CollectorContext) -> Iterator[Metric]:
    heartbeats: dict[str, datetime] = {}
    for agent in context.store.list_agents():
        newest = heartbeats.get(agent.name, agent.heartbeat_at)
        heartbeats[agent.name] = max(agent.heartbeat_at, newest)
    yield _labelled(
        GaugeMetricFamily,
        "agent_heartbeat_timestamp_seconds",
        "Newest heartbeat of an agent, in any process.",
        "agent",
        {name: newest.timestamp() for name, newest in heartbeats.items()},
    )
    states = dict.fromkeys(("new", "watching", "failing", "paused"), 0)
    repositories = context.store.list_repositories()
    for record in repositories:
        # Without its counts: "backfilling" is "watching" here, as alerts know it.
        states[repository_state(record, LedgerCounts())] += 1
    yield _labelled(
        GaugeMetricFamily, "repositories", "Watched repositories by state.", "state", states
    )
    watched = [record.full_name for record in repositories if not record.paused]
    oldest = context.store.load_oldest_unpublished_created_at(watched)
    if oldest is not None:
        help_text = (
            "Creation of the oldest unsettled attempt that was never published; absent if there is "
            "none."
        )
        name = "oldest_unpublished_attempt_timestamp_seconds"
        yield _gauge(name, help_text, oldest.timestamp())
    counts = total_counts(context.store.count_ledger_by_repository(), repositories)
    for name, help_text, value in (
        ("known_attempts", "Settled and open attempts.", counts.attempts),
        ("open_attempts", "Unsettled attempts that are polled.", counts.open_attempts),
        ("unread_attempts", "Open attempts that are not published yet.", counts.unread_attempts),
        ("pending_logs", "Logs that are not fetched yet.", counts.logs_pending),
    ):
        yield _gauge(name, help_text, value)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"runstream_{name}", help_text, value=value)


def _labelled(
    family_type: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    help_text: str,
    label: str,
    values: Mapping[str, float],
) -> Metric:
    family = family_type(f"runstream_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
