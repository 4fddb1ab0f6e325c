"""A collection that ends: it collects runs, jobs, commits and logs of some repositories."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ...domain.ledger import AttemptRecord, JobLogRecord
from ...errors import IngestError, OutOfMemory, StateUnavailable
from ..context import CollectorContext
from ..log_ingestion.requeue_logs import requeue_missing_logs, requeue_stale_logs
from ..time_limits import IDLE_SECONDS
from ..unexpected_errors import as_ingest_error
from .collect_logs import LogCollection
from .collect_runs import RunCollection
from .collection_plan import CollectionPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionResult:
    """The errors of a collection by repository, and what is left for a later one."""

    errors: dict[str, IngestError]
    unread_attempts: tuple[AttemptRecord, ...]
    pending_logs: tuple[JobLogRecord, ...]


class Collection:
    """A collection of some repositories, until nothing is left or its time is over.

    A run or log that fails is left pending, and delays no other.
    """

    def __init__(self, context: CollectorContext, plan: CollectionPlan) -> None:
        def is_in_time() -> bool:
            is_over = plan.ends_at is not None and context.clock.now() >= plan.ends_at
            return plan.should_continue() and not (is_over or self._must_end.is_set())

        self.runs = RunCollection(context, plan, should_continue=is_in_time)
        self.logs = LogCollection(context, plan, should_continue=is_in_time)
        self._context = context
        self._plan = plan
        self._must_end = threading.Event()

    def collect(self) -> None:
        """Collect in this thread, first runs and then logs. Raises what ended it early."""
        error = self.runs.poll()
        if error is None and not self.runs.unfinished_repositories():
            self.logs.runs_are_done.set()
            error = self.logs.ingest()
        if error is not None:
            raise error

    def is_over(self) -> bool:
        """Return whether nothing is left that is worth waiting for."""
        return not self.runs.unfinished_repositories() and self.logs.is_over()

    def collect_in_threads(
        self, *, monitoring_threads: int, log_threads: int, on_wait: Callable[[], None]
    ) -> CollectionResult:
        """Collect runs and logs concurrently; this thread calls ``on_wait`` twice a second."""
        policy = self._plan.policy
        if policy.collects_runs:
            self.runs.make_due()
        if policy.collects_logs:
            requeue_stale_logs(self._context, self._plan.repositories)
            requeue_missing_logs(self._context, self._plan.repositories)
        poll_threads = monitoring_threads if policy.collects_runs else 0
        ingest_threads = log_threads if policy.collects_logs else 0
        run = self._run_in_thread
        with ThreadPoolExecutor(monitoring_threads + log_threads) as threads:
            try:
                polls = [threads.submit(run, self.runs.poll) for _ in range(poll_threads)]
                ingestions = [threads.submit(run, self.logs.ingest) for _ in range(ingest_threads)]
                while unfinished := [each for each in (*polls, *ingestions) if not each.done()]:
                    if all(poll.done() for poll in polls):
                        self.logs.runs_are_done.set()
                    on_wait()
                    wait(unfinished, timeout=IDLE_SECONDS, return_when=FIRST_COMPLETED)
            except BaseException:
                # No thread can be started, or no output be written: the others must end as well.
                self._must_end.set()
                raise
            finally:
                self.logs.runs_are_done.set()
        errors = dict(self.runs.errors)
        for work in (*polls, *ingestions):
            if (error := work.result()) is not None:
                errors.setdefault("the collection", error)
        return CollectionResult(
            errors=errors,
            unread_attempts=tuple(self.runs.unread_attempts),
            pending_logs=tuple(self.logs.load_pending() if policy.collects_logs else ()),
        )

    def _run_in_thread(self, work: Callable[[], IngestError | None]) -> IngestError | None:
        """Return the error that a thread's work returns or raises.

        If the state or memory is not available, the other threads end as well.
        """
        try:
            error = work()
        except Exception as raised:  # noqa: BLE001 - what was collected is reported first
            error = as_ingest_error(raised, "the collection")
        if isinstance(error, (StateUnavailable, OutOfMemory)):
            self._must_end.set()
        return error
