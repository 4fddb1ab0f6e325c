"""The logs of a collection, ingested until each has arrived, failed or stalled."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from ...domain.collection_records import LastChange
from ...domain.ledger import LOG_PENDING, JobLogRecord
from ...domain.runs import AttemptKey
from ...errors import (
    Fatal,
    IngestError,
    LogPending,
    OutOfMemory,
    RateLimited,
    RequestPaused,
    StateFull,
)
from ..agents.agent_loop import ShouldContinue
from ..context import CollectorContext
from ..log_ingestion.ingest_logs import ingest_due_logs
from ..log_ingestion.log_results import LogNotReady
from ..log_ingestion.log_retries import may_still_be_written
from ..log_ingestion.requeue_logs import requeue_stale_logs
from ..log_ingestion.visibility import MAX_BATCH_SECONDS
from ..time_limits import IDLE_SECONDS, sleep_until
from ..unexpected_errors import as_ingest_error
from .collection_plan import CollectionPlan

#: Logs pending for longer are requeued: messages that a killed process received are still hidden.
REQUEUE_AFTER = timedelta(minutes=1)

#: The longest pause of a collection that does not wait for limits.
LONGEST_LIMIT_PAUSE = timedelta(seconds=5)

#: How often a batch reports its progress.
PROGRESS_INTERVAL = timedelta(seconds=5)

MAX_PENDING = 1000


class LogCollection:
    """The logs of a collection; several threads may run ``ingest`` at the same time.

    ``runs_are_done`` is set when no further log becomes due.
    """

    def __init__(
        self, context: CollectorContext, plan: CollectionPlan, *, should_continue: ShouldContinue
    ) -> None:
        now = context.clock.now()
        self.runs_are_done = threading.Event()
        self.last_change = plan.last_log_change or LastChange(_fingerprint(()), now)
        self._context = context
        self._repositories = (
            plan.repositories if plan.log_repositories is None else plan.log_repositories
        )
        self._policy = plan.policy
        self._should_continue = should_continue
        self._on_turn = plan.on_turn
        self._ends_at = plan.ends_at
        self._lock = threading.Lock()
        self._failures: Counter[tuple[AttemptKey, int]] = Counter()
        self._fatal_error: StateFull | OutOfMemory | None = None
        self._requeued_at = self._reported_at = now
        self._busy_since: dict[int, datetime] = {}  # by thread

    def ingest(self) -> IngestError | None:
        """Ingest until the runs are done and no pending log is worth waiting for.

        Returns the error that ended it early, if there is one.
        """
        error: IngestError | None = None
        succeeded_at = self._context.clock.now()
        while self._should_continue() and self._fatal_error is None:
            try:
                self._on_turn()
                is_over = not self._ingest_next() and self.runs_are_done.is_set() and self.is_over()
                error, succeeded_at = None, self._context.clock.now()
                if is_over:
                    return None
            except Exception as raised:  # noqa: BLE001 - what was collected is reported first
                error = as_ingest_error(raised, "the job events queue")
                lasted = self._context.clock.now() - succeeded_at
                if isinstance(error, (Fatal, StateFull, OutOfMemory)) or (
                    self.runs_are_done.is_set() and lasted >= self._policy.outage_timeout
                ):
                    return error
                self._context.clock.sleep(IDLE_SECONDS)
        return self._fatal_error or error

    def load_pending(self) -> list[JobLogRecord]:
        """Load the logs that are still pending, up to MAX_PENDING more than have failed."""
        later = self._context.clock.now() + timedelta(days=1)
        limit = MAX_PENDING + len(self._failures)
        return self._context.store.load_waiting_logs(
            LOG_PENDING, self._repositories, updated_before=later, limit=limit
        )

    def is_over(self) -> bool:
        """Return whether every log that is still pending has failed or stalled."""
        now, pending = self._context.clock.now(), self.load_pending()
        keys = sorted(((log.key, log.job_id) for log in pending), key=str)
        with self._lock:
            busy_since = min(list(self._busy_since.values()), default=None)
            self.last_change = self.last_change.after_observation(_fingerprint(keys), now)
            if busy_since is not None:
                self.last_change = self.last_change.after_pause(busy_since, now)
                return False
            if all(self._failures[key] >= self._policy.item_tries for key in keys):
                return True
            waited = now - self.last_change.at
            is_requeue_due = min(waited, now - self._requeued_at) > REQUEUE_AFTER
            if is_requeue_due:
                self._requeued_at = now
        if is_requeue_due:
            requeue_stale_logs(self._context, self._repositories, older_than=REQUEUE_AFTER)
        return waited > self._policy.stall_timeout

    def _ingest_next(self) -> int:
        """Ingest one batch, or wait for a rate limit; return how many work items were received."""
        seconds_left: float = MAX_BATCH_SECONDS
        if self._ends_at is not None:
            seconds_left = (self._ends_at - self._context.clock.now()).total_seconds()
        try:
            return self._ingest_due(seconds_left)
        except RateLimited as limit:
            self._wait_for(limit)
            return 0

    def _ingest_due(self, max_seconds: float) -> int:
        """Ingest one batch, and raise a limit on backfills as well: no agent waits for it here."""
        thread, now = threading.get_ident(), self._context.clock.now
        try:
            return ingest_due_logs(
                self._context,
                wait_seconds=1,
                max_seconds=max_seconds,
                should_continue=self._continues_batch,
                on_received=lambda: self._busy_since.update({thread: now()}),
                on_not_ready=self._count_failure,
                raises_backfill_limited=True,
            )
        finally:
            self._busy_since.pop(thread, None)

    def _continues_batch(self) -> bool:
        """Report progress every PROGRESS_INTERVAL; return whether to continue."""
        now = self._context.clock.now()
        if now - self._reported_at >= PROGRESS_INTERVAL:
            self._reported_at = now
            self._on_turn()
        is_over = self._ends_at is not None and now >= self._ends_at
        return not is_over and self._should_continue()

    def _count_failure(self, key: AttemptKey, log: LogNotReady) -> None:
        """Count a failed try, unless a limit prevented it or GitHub may still write the log."""
        error = log.error
        if isinstance(error, (StateFull, OutOfMemory)):
            self._fatal_error = error
        is_being_written = isinstance(error, LogPending) and may_still_be_written(
            log.job, self._context.clock.now()
        )
        if not is_being_written and not isinstance(error, (RateLimited, RequestPaused)):
            with self._lock:
                self._failures[key, log.job.job_id] += 1

    def _wait_for(self, limit: RateLimited) -> None:
        """Wait for a rate limit, or a few seconds if this collection does not wait for limits."""
        clock, until = self._context.clock, limit.retry_at
        if self._policy.waits_for_limits and not self._policy.is_pause_too_long(limit, clock.now()):
            with self._lock:
                self.last_change = self.last_change.after_pause(clock.now(), until)
        else:
            until = min(until, clock.now() + LONGEST_LIMIT_PAUSE)
        sleep_until(until, clock, self._should_continue)


def _fingerprint(keys: Sequence[tuple[AttemptKey, int]]) -> str:
    return sha256(repr(keys).encode()).hexdigest()
