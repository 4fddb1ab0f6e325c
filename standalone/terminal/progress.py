"""The progress of a collector, and what it leaves, as plain values for people and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ingest.bootstrap.collector import Collector
from ingest.domain.counters import sent_messages_counter
from ingest.domain.ledger import AttemptRecord, JobLogRecord, LedgerCounts
from ingest.domain.runs import AttemptKey
from ingest.domain.source_records import LOGS_FILTERED_OUT, RUNS_FILTERED_OUT
from ingest.messaging.envelope import attempt_fields
from ingest.ports import RateLimitStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingItem:
    """An attempt, or the log of one of its jobs, that could not be collected yet."""

    key: AttemptKey
    job_id: int | None = None
    job_name: str | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """Return the name under which people find it."""
        log = "" if self.job_id is None else f"log of job {self.job_name!r} of "
        return f"{log}{self.key}"

    def as_json(self) -> dict[str, Any]:
        """Return it as ``collect --json`` prints it."""
        values = {name: value for name, value in asdict(self).items() if name != "key"}
        return {"name": self.name, **attempt_fields(self.key), **values}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What this process has collected since it started, as ``collect --json`` prints it.

    ``messages`` are counted by queue name, ``github_requests`` as ``charged`` to the rate limit or
    as ``free``. ``runs_filtered`` and ``logs_filtered`` were left out by filters.
    ``pending`` and ``seconds``: what a collection that has ended leaves for a later one, and how
    long it took.
    """

    runs: int
    attempts: int
    jobs: int
    steps: int
    commits: int
    logs: int
    logs_unavailable: int
    runs_filtered: int = 0
    logs_filtered: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    queue_requests: int
    github_requests: dict[str, int]
    errors: int
    pending: tuple[PendingItem, ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as ``collect --json`` prints it."""
        return {**asdict(self), "pending": [item.as_json() for item in self.pending]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress at one time: what this process collected, and what the whole ledger holds."""

    summary: Summary
    ledger_counts: LedgerCounts
    rate_limit_status: RateLimitStatus


def summarize(
    collector: Collector, *, seconds: float = 0.0, pending: tuple[PendingItem, ...] = ()
) -> Summary:
    """Return the counters of this process as a summary."""
    context, counts = collector.context, collector.context.counters.snapshot()
    return Summary(
        runs=counts.get("runs", 0),
        attempts=counts.get("attempts", 0),
        jobs=counts.get("jobs", 0),
        steps=counts.get("steps", 0),
        commits=counts.get("commits", 0),
        logs=counts.get("logs", 0),
        logs_unavailable=counts.get("logs_unavailable", 0),
        runs_filtered=counts.get(RUNS_FILTERED_OUT, 0),
        logs_filtered=counts.get(LOGS_FILTERED_OUT, 0),
        messages={name: counts.get(sent_messages_counter(name), 0) for name in context.queue_names},
        queue_requests=counts.get("queue_requests", 0),
        github_requests={
            kind: counts.get(f"github_requests.{kind}", 0) for kind in ("charged", "free")
        },
        errors=counts.get("errors", 0),
        pending=pending,
        seconds=round(seconds, 3),
    )


def read_progress(collector: Collector) -> Progress:
    """Read the progress of a collector; costs one query of its state and no request."""
    context = collector.context
    return Progress(
        summary=summarize(collector),
        ledger_counts=context.store.count_ledger(),
        rate_limit_status=context.github.rate_limit_status(),
    )


def pending_attempt(record: AttemptRecord) -> PendingItem:
    """Return an attempt as a pending item."""
    return PendingItem(key=record.key, reason=record.last_error)


def pending_log(record: JobLogRecord) -> PendingItem:
    """Return a log as a pending item."""
    return PendingItem(
        key=record.key, job_id=record.job_id, job_name=record.job_name, reason=record.reason
    )
