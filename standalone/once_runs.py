"""The runs of a collection that ends: every repository polled until nothing of it is unread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from ingest.domain.ledger import AttemptRecord, RepositoryRecord
from ingest.errors import Fatal, IngestError, RateLimited, RepositoryUnavailable, SourceUnavailable
from ingest.services.context import CollectorContext
from ingest.services.discover_runs import discover_all_runs
from ingest.services.poll_runs import poll_repository
from ingest.services.poll_session import LEASE_SECONDS
from ingest.services.read_attempts import MAX_DOUBTFUL_READS

#: A repository or an attempt that failed so often is left for a later collection.
MAX_FAILURES = 6

#: With nothing else left to do in a repository, attempts that fail are waited for so long.
PATIENCE = timedelta(minutes=2)

#: Attempts that do not fail are waited for so long: another process may be reading them.
LONGEST_WAIT = timedelta(minutes=20)

#: Jobs of a run that has just ended may lag behind it for this long.
LAG = timedelta(minutes=2)

#: A state that does not answer is asked again for so long.
STATE_PATIENCE = timedelta(minutes=1)

IDLE_SECONDS = 0.5
MAX_UNREAD = 10_000


class RunCollection:
    """The repositories of a collection; several threads run ``poll`` at the same time."""

    def __init__(
        self, context: CollectorContext, names: Sequence[str], *, stop: threading.Event
    ) -> None:
        self.errors: dict[str, IngestError] = {}
        self.unread: list[AttemptRecord] = []
        self._context = context
        self._stop = stop
        self._began_at = context.clock.now()
        self._lock = threading.Lock()
        self._open = {name.lower(): _RepositoryPart(context, name) for name in names}

    def poll(self) -> IngestError | None:
        """Poll whatever is due until every repository is done; return why it ended early, if so.

        No repository waits for another one's pause, limit or failure.
        """
        answered_at = self._context.clock.now()
        while not self._stop.is_set():
            try:
                if not self._names():
                    return None
                if not self._poll_next():
                    self._drop_paused()
                    self._context.clock.sleep(IDLE_SECONDS)
                answered_at = self._context.clock.now()
            except IngestError as error:
                if self._context.clock.now() - answered_at > STATE_PATIENCE:
                    return error
                self._context.clock.sleep(IDLE_SECONDS)
        return None

    def _names(self) -> list[str]:
        with self._lock:
            return [part.name for part in self._open.values()]

    def _poll_next(self) -> bool:
        """Poll one repository that is due and free; False where there is none."""
        context = self._context
        claimed = context.store.claim_repositories(
            holder=context.holder,
            now=context.clock.now(),
            lease_seconds=LEASE_SECONDS,
            limit=1,
            only=self._names(),
        )
        for repository in claimed:
            error = poll_repository(
                context,
                repository,
                should_continue=lambda: not self._stop.is_set(),
                discover=partial(discover_all_runs, since=self._began_at),
            )
            self._judge(repository.full_name, error)
        return bool(claimed)

    def _judge(self, name: str, error: IngestError | None) -> None:
        part = self._open.get(name.lower())
        if part is None or not part.is_done_after(error):
            return
        with self._lock:
            if self._open.pop(name.lower(), None) is not None:
                self.unread.extend(part.unread)
                if part.error is not None:
                    self.errors[name] = part.error

    def _drop_paused(self) -> None:
        """Leave out repositories that were paused or removed; make those due that wait for it."""
        store = self._context.store
        known = {each.full_name.lower(): each for each in store.list_repositories()}
        with self._lock:
            for key, part in list(self._open.items()):
                record = known.get(key)
                if record is None or record.paused:
                    del self._open[key]
                else:
                    part.make_due_again()


class _RepositoryPart:
    """One repository's part in a collection: how often it failed, and what of it is unread."""

    def __init__(self, context: CollectorContext, name: str) -> None:
        self.name = name
        self.error: IngestError | None = None
        self.unread: list[AttemptRecord] = []
        self._context = context
        self._failures = 0
        self._depth = _Depth()
        self._due_again_at: datetime | None = None
        self._moved_at = context.clock.now()
        self._make_due()

    def is_done_after(self, error: IngestError | None) -> bool:
        """Return whether a poll was the last one; ``error`` and ``unread`` then say what lacks."""
        if isinstance(error, RateLimited):
            self._moved_at = max(self._moved_at, error.retry_at)
            return False
        if error is not None:
            self._failures += 1
            self.error = error
            return (
                isinstance(error, (Fatal, RepositoryUnavailable)) or self._failures >= MAX_FAILURES
            )
        self._failures, self.error = 0, None
        return self._is_read()

    def make_due_again(self) -> None:
        """Make the repository due where a further search for older runs waits for it."""
        now = self._context.clock.now()
        if self._due_again_at is not None and now >= self._due_again_at:
            self._due_again_at = None
            self._context.store.make_due(self.name, now=now)

    def _make_due(self) -> None:
        """Make the repository and what failed before due, as if it had never failed."""
        store, now = self._context.store, self._context.clock.now()
        failed = [
            replace(each, failures=0, next_check_at=now)
            for each in self._load_unread()
            if each.failures
        ]
        if failed:
            store.save_attempts(failed)
        store.make_due(self.name, now=now)

    def _is_read(self) -> bool:
        store, now = self._context.store, self._context.clock.now()
        record = store.load_repository(self.name)
        if not self._depth.is_reached(record, len(store.load_run_hints(self.name))):
            if self._depth.tries >= MAX_FAILURES:
                self.error = self._depth.error(self.name)
                return True
            self._due_again_at = now + timedelta(seconds=IDLE_SECONDS * 2**self._depth.tries)
            return False
        before, self.unread = self.unread, self._load_unread()
        if [each.key for each in before] != [each.key for each in self.unread]:
            self._moved_at = max(self._moved_at, now)
        waited = now - self._moved_at
        return all(_is_left(each, waited) for each in self.unread)

    def _load_unread(self) -> list[AttemptRecord]:
        """Load the attempts that another poll may bring more of; those in progress are read."""
        store, now = self._context.store, self._context.clock.now()
        if not store.count_ledger(self.name).open_attempts:
            return []
        later = now + timedelta(days=400)
        attempts = store.load_due_attempts(self.name, now=later, limit=MAX_UNREAD)
        return [each for each in attempts if _is_unread(each, now)]


class _Depth:
    """Whether a search below the first page came to its end; it continues where it was cut short.

    A poll whose deeper search fails is no failed poll, for a collector that stays polls again soon.
    """

    def __init__(self) -> None:
        self.tries = 0
        self._trouble: str | None = None
        self._came_to: tuple[object, ...] = ()

    def is_reached(self, record: RepositoryRecord | None, hints: int) -> bool:
        """Return whether the search is complete; tries count while none comes further."""
        if record is None or record.last_error is None:
            self.tries = 0
            return True
        came_to = (
            record.walk_page,
            record.swept_at,
            record.swept_through,
            record.hinted_at,
            hints,
        )
        self.tries = 0 if came_to != self._came_to else self.tries + 1
        self._came_to, self._trouble = came_to, record.last_error
        return False

    def error(self, name: str) -> IngestError:
        """Return why older runs may have been missed."""
        return SourceUnavailable(
            f"{name} could not be searched for all older runs: {self._trouble} "
            "Collect again later: what was read is kept."
        )


def _is_unread(attempt: AttemptRecord, now: datetime) -> bool:
    """Return whether the last read failed, or an end or jobs that lag behind it are unpublished.

    An attempt that was seen in progress is read.
    """
    run, published = attempt.run, attempt.published_statuses
    is_doubtful = 0 < attempt.doubtful_reads <= MAX_DOUBTFUL_READS
    if run is None or not published or attempt.failures or is_doubtful:
        return True
    return run.is_completed and (published[-1] != run.status or now - (run.updated_at or now) < LAG)


def _is_left(attempt: AttemptRecord, waited: timedelta) -> bool:
    """Return whether an unread attempt is left for a later collection."""
    if attempt.failures:
        return attempt.failures >= MAX_FAILURES or waited > PATIENCE
    return waited > LONGEST_WAIT
