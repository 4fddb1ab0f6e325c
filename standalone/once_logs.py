"""The logs of a collection that ends: ingested until none is worth waiting for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from ingest.domain.ledger import JobLogRecord
from ingest.domain.runs import AttemptKey
from ingest.errors import Fatal, IngestError, LogPending, RateLimited
from ingest.services.context import CollectorContext
from ingest.services.ingest_logs import ingest_due_logs
from ingest.services.log_results import LogNotReady, as_ingest_error
from ingest.services.requeue_logs import requeue_stale_logs

#: A log that failed so often is left for a later collection.
MAX_FAILURES = 6

#: With nothing else left to do, a log is waited for so long.
PATIENCE = timedelta(minutes=2)

#: Work that a killed process received stays hidden for long, so pending logs are requeued.
REQUEUE_AFTER = timedelta(minutes=1)

IDLE_SECONDS = 0.5
MAX_PENDING = 1000


class LogCollection:
    """The logs of a collection; several threads run ``ingest`` at the same time."""

    def __init__(
        self,
        context: CollectorContext,
        names: Sequence[str],
        *,
        stop: threading.Event,
        runs_are_done: threading.Event,
    ) -> None:
        self._context = context
        self._names = names
        self._stop = stop
        self._runs_are_done = runs_are_done
        self._lock = threading.Lock()
        self._failures: Counter[tuple[AttemptKey, int]] = Counter()
        self._pending: frozenset[tuple[AttemptKey, int]] = frozenset()
        self._moved_at = context.clock.now()
        self._requeued_at = self._moved_at
        self._busy: set[int] = set()

    def ingest(self) -> IngestError | None:
        """Ingest until the runs are done and no pending log is worth waiting for.

        Returns why the rest could not be received, if that is the cause.
        """
        error: IngestError | None = None
        while not self._stop.is_set():
            received = 0
            try:
                received = self._ingest_due()
                error = None
            except RateLimited as limit:
                self._wait_for(limit)
                continue
            except Exception as raised:  # noqa: BLE001 - what was collected is reported first
                error = as_ingest_error(raised, "the job events queue")
                if isinstance(error, Fatal):
                    return error
                self._context.clock.sleep(IDLE_SECONDS)
            if not received and self._runs_are_done.is_set() and self._is_over():
                return error if self.load_pending() else None
        return None

    def load_pending(self) -> list[JobLogRecord]:
        """Load the logs that are still pending, up to MAX_PENDING."""
        later = self._context.clock.now() + timedelta(days=1)
        return self._context.store.load_pending_logs(
            self._names, updated_before=later, limit=MAX_PENDING
        )

    def _ingest_due(self) -> int:
        thread = threading.get_ident()
        try:
            return ingest_due_logs(
                self._context,
                wait_seconds=1,
                on_received=lambda: self._busy.add(thread),
                on_late=self._count_failure,
            )
        finally:
            self._busy.discard(thread)

    def _count_failure(self, key: AttemptKey, late: LogNotReady) -> None:
        """Count a failed try; neither a limit nor a log that GitHub still writes is one."""
        if not isinstance(late.error, (RateLimited, LogPending)):
            with self._lock:
                self._failures[key, late.job.job_id] += 1

    def _is_over(self) -> bool:
        """Return whether no log is pending, or none that may still arrive."""
        now, pending = self._context.clock.now(), self.load_pending()
        keys = frozenset((log.key, log.job_id) for log in pending)
        with self._lock:
            is_busy = bool(self._busy)
            if is_busy or keys != self._pending:
                self._pending = keys
                self._moved_at = max(self._moved_at, now)
            if is_busy:
                return False
            if all(self._failures[key] >= MAX_FAILURES for key in keys):
                return True
            waited = now - self._moved_at
            is_requeue = min(waited, now - self._requeued_at) > REQUEUE_AFTER
            if is_requeue:
                self._requeued_at = now
        if is_requeue:
            requeue_stale_logs(self._context, self._names, older_than=REQUEUE_AFTER)
        return waited > PATIENCE

    def _wait_for(self, limit: RateLimited) -> None:
        """Wait until GitHub permits requests again, which is no lack of progress."""
        with self._lock:
            self._moved_at = max(self._moved_at, limit.retry_at)
        while not self._stop.is_set() and self._context.clock.now() < limit.retry_at:
            self._context.clock.sleep(IDLE_SECONDS)
