"""Collecting all that there is, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from ingest.bootstrap import Collector
from ingest.domain.ledger import AttemptRecord, RepositoryRecord
from ingest.errors import IngestError, RateLimited, Retriable, SourceUnavailable
from ingest.services.discover_runs import discover_all_runs
from ingest.services.ingest_logs import ingest_due_logs
from ingest.services.poll_runs import poll_repository
from ingest.services.poll_session import LEASE_SECONDS
from ingest.services.requeue_logs import requeue_stale_logs

from .agents import IDLE_SECONDS, LOG_THREADS, MONITORING_THREADS, watch
from .progress import Progress, Summary, look, summarize

#: A repository that GitHub does not answer for is given up after so many polls in a row.
MAX_FAILED_POLLS = 6

#: Jobs of a run that has just ended may lag behind it for this long.
LAG = timedelta(minutes=2)

#: Without any progress for this long, what is left cannot be had now.
PATIENCE_SECONDS = 1200.0


def collect_once(
    collector: Collector,
    repositories: Sequence[str],
    *,
    stop: threading.Event,
    on_progress: Callable[[Progress], None],
) -> Summary:
    """Collect every run, job, commit and log of the repositories, and return what was collected.

    Where no repository is named, all known ones are collected. Raises the first error that kept a
    repository or a log from being collected, after everything else is collected.
    """
    watch(collector, repositories)
    known = [each.full_name for each in collector.context.store.list_repositories()]
    collection = _Collection(collector, list(repositories) or known, stop)
    error = collection.run(on_progress)
    if error is not None:
        raise error
    return summarize(collector, seconds=collection.seconds)


class _Collection:
    """Be one collection under way: a thread for each repository, and some for logs."""

    def __init__(self, collector: Collector, names: list[str], stop: threading.Event) -> None:
        self._collector = collector
        self._context = collector.context
        self._names = names
        self._stop = stop
        self._runs_are_done = threading.Event()
        self._began_at = collector.context.clock.now()
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Tell how long it has taken so far."""
        return time.monotonic() - self._started

    def run(self, on_progress: Callable[[Progress], None]) -> IngestError | None:
        """Poll all repositories and ingest all logs, side by side; return the first error."""
        requeue_stale_logs(self._context, self._names)
        with (
            ThreadPoolExecutor(MONITORING_THREADS) as pollers,
            ThreadPoolExecutor(LOG_THREADS) as ingesters,
        ):
            polls = [pollers.submit(self._collect_repository, name) for name in self._names]
            logs = [ingesters.submit(self._ingest_logs) for _ in range(LOG_THREADS)]
            try:
                while not all(work.done() for work in (*polls, *logs)):
                    if all(poll.done() for poll in polls):
                        self._runs_are_done.set()
                    on_progress(look(self._collector, seconds=self.seconds))
                    self._context.clock.sleep(IDLE_SECONDS)
            finally:
                self._runs_are_done.set()
            errors = [work.result() for work in (*polls, *logs)]
        return next((error for error in errors if error is not None), None)

    def _collect_repository(self, name: str) -> IngestError | None:
        """Poll one repository until nothing of it is unread; a limit is waited out."""
        store, failures = self._context.store, 0
        store.make_due(name, now=self._context.clock.now())
        patience, depth = _Patience(), _Depth()
        while not self._stop.is_set():
            record = store.load_repository(name)
            if record is None or record.paused:
                return None
            polled, error = self._poll(name)
            if not polled:
                self._context.clock.sleep(IDLE_SECONDS)
                continue
            if error is None:
                failures, left = 0, self._unread(name)
                if depth.is_reached(store.load_repository(name), len(store.load_run_hints(name))):
                    if not left or patience.is_over(len(left)):
                        return _not_read(left)
                elif depth.tries >= MAX_FAILED_POLLS:
                    return depth.error(name)
                else:
                    self._context.clock.sleep(IDLE_SECONDS * 2**depth.tries)
                    store.make_due(name, now=self._context.clock.now())
            elif not isinstance(error, RateLimited):
                failures += 1
                if not isinstance(error, Retriable) or failures >= MAX_FAILED_POLLS:
                    return error
        return None

    def _poll(self, name: str) -> tuple[bool, IngestError | None]:
        """Poll a repository if it is due and free."""
        context = self._context
        claimed = context.store.claim_repositories(
            holder=context.holder,
            now=context.clock.now(),
            lease_seconds=LEASE_SECONDS,
            limit=1,
            only=[name],
        )
        if not claimed:
            return False, None
        discover = partial(discover_all_runs, since=self._began_at)
        error = poll_repository(
            context, claimed[0], should_continue=self._should_continue, discover=discover
        )
        return True, error

    def _unread(self, name: str) -> list[AttemptRecord]:
        """Load the attempts that another poll may bring more of; those in flight are read."""
        store, now = self._context.store, self._context.clock.now()
        if not store.count_ledger(name).open_attempts:
            return []
        attempts = store.load_due_attempts(name, now=now + timedelta(days=400), limit=10_000)
        return [each for each in attempts if _is_unread(each, now)]

    def _ingest_logs(self) -> IngestError | None:
        """Ingest logs until the runs are done and none of their logs is pending."""
        context, error = self._context, None
        patience, idle_since = _Patience(), time.monotonic()
        while not self._stop.is_set():
            try:
                received = ingest_due_logs(context, wait_seconds=1)
            except RateLimited as limit:
                self._sleep_until_allowed(limit)
                continue
            except IngestError as failure:
                received, error = 0, failure
                context.clock.sleep(IDLE_SECONDS)
            if received:
                idle_since = time.monotonic()
            elif self._runs_are_done.is_set():
                pending = self._pending()
                if not pending:
                    return None
                if patience.is_over(pending):
                    return error or SourceUnavailable(f"{pending} logs did not arrive in time.")
                if time.monotonic() - idle_since > self._hidden_seconds():
                    idle_since = time.monotonic()
                    requeue_stale_logs(context, self._names, older_than=timedelta())
        return None

    def _pending(self) -> int:
        """Count pending logs, up to a hundred."""
        later = self._context.clock.now() + timedelta(days=1)
        return len(
            self._context.store.load_pending_logs(self._names, updated_before=later, limit=100)
        )

    def _hidden_seconds(self) -> float:
        """Tell how long the work of a killed process may stay hidden, or be delayed."""
        return max(self._context.job_events.visibility_timeout_seconds, 600) + 30.0

    def _sleep_until_allowed(self, limit: RateLimited) -> None:
        while not self._stop.is_set() and self._context.clock.now() < limit.retry_at:
            self._context.clock.sleep(IDLE_SECONDS)

    def _should_continue(self) -> bool:
        return not self._stop.is_set()


class _Depth:
    """Know whether a look below the first page came to its end; it goes on where it was cut short.

    A poll whose deeper looks fail is no failed poll, for a collector that stays polls again soon.
    """

    def __init__(self) -> None:
        self.tries = 0
        self._trouble: str | None = None
        self._came_to: tuple[object, ...] = ()

    def is_reached(self, record: RepositoryRecord | None, hints: int) -> bool:
        """Take note of a poll; tries count while none comes further."""
        if record is None or record.last_error is None:
            self.tries = 0
            return True
        came_to = (record.swept_at, record.swept_through, record.hinted_at, hints)
        self.tries = 0 if came_to != self._came_to else self.tries + 1
        self._came_to, self._trouble = came_to, record.last_error
        return False

    def error(self, name: str) -> IngestError:
        """Say that older runs may have been missed, and why."""
        return SourceUnavailable(
            f"{name} could not be searched for older runs that were run again: {self._trouble} "
            "Collect again later: what was read is kept."
        )


class _Patience:
    """Wait for a number to move; over when it has not for PATIENCE_SECONDS."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._since = time.monotonic()

    def is_over(self, number: int) -> bool:
        """Tell whether the number has stood still for too long."""
        if number != self._number:
            self._number, self._since = number, time.monotonic()
        return time.monotonic() - self._since > PATIENCE_SECONDS


def _is_unread(attempt: AttemptRecord, now: datetime) -> bool:
    """Tell whether the last look failed, or an end or jobs that lag behind it are yet to be told.

    One that was seen in flight is read.
    """
    run, told = attempt.run, attempt.published_statuses
    if run is None or not told or attempt.failures:
        return True
    return run.is_completed and (told[-1] != run.status or now - (run.updated_at or now) < LAG)


def _not_read(left: list[AttemptRecord]) -> IngestError | None:
    if not left:
        return None
    return SourceUnavailable(
        f"{len(left)} attempts could not be read, the first of them {left[0].key}; "
        "collect again later: what was read is kept."
    )
