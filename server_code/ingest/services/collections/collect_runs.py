"""The runs of a collection: every repository is polled until all of its attempts are read."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from ...domain.collection_records import LastChange
from ...domain.ledger import AttemptRecord, LedgerCounts, RepositoryRecord
from ...errors import (
    BadCredentials,
    Fatal,
    GithubUnavailable,
    IngestError,
    OutOfMemory,
    RateLimited,
    RepositoryUnavailable,
    Retriable,
    StateFull,
)
from ..agents.agent_loop import ShouldContinue
from ..context import CollectorContext
from ..monitoring.discover_runs import discover_all_runs, discover_runs
from ..monitoring.poll_runs import poll_repository
from ..monitoring.poll_session import claim_due_repository, retry_lease_releases
from ..monitoring.read_attempts import needs_job_reread
from ..monitoring.sweep_days import sweep_progress
from ..time_limits import IDLE_SECONDS
from .collection_plan import CollectionPlan, CollectionPolicy

MAX_UNREAD = 10_000

#: If more attempts than this were never read and their number still changes, they are not loaded to
#: check whether they are given up, because each takes several kilobytes.
MANY_UNREAD = 1000

#: A repository or credential is given up after this many refusals in a row, not after one: during
#: incidents GitHub has answered 401 and 404 for repositories that it showed a second later.
REFUSED_TRIES = 2


class RunCollection:
    """The repositories of a collection; several threads may run ``poll`` at the same time.

    ``errors`` and ``unread_attempts``: the errors of finished repositories, and their attempts that
    could not be read.
    """

    def __init__(
        self, context: CollectorContext, plan: CollectionPlan, *, should_continue: ShouldContinue
    ) -> None:
        self.errors: dict[str, IngestError] = {}
        self.unread_attempts: list[AttemptRecord] = []
        self.last_change = plan.last_run_change
        self._context = context
        self._policy = plan.policy
        self._should_continue = should_continue
        self._on_turn = plan.on_turn
        self._lock = threading.Lock()
        self._unfinished = {
            name.lower(): _RepositoryProgress(context, plan.policy, name)
            for name in plan.repositories
        }
        self._discover = (
            partial(discover_all_runs, swept_since=context.clock.now())
            if plan.policy.searches_all_days
            else discover_runs
        )

    def make_due(self) -> None:
        """Make every repository due, and its attempts whose reads have failed."""
        for progress in self._unfinished.values():
            progress.make_due()

    def poll(self) -> IngestError | None:
        """Poll what is due until every repository is done; return the error that ended it early.

        No repository waits for another one's pause, limit or failure.
        """
        answered_at = self._context.clock.now()
        while self._should_continue():
            try:
                self._on_turn()
                if not self.unfinished_repositories():
                    return None
                if not self._poll_next():
                    self._drop_paused()
                    self._context.clock.sleep(IDLE_SECONDS)
                if not self._policy.waits_for_limits:
                    self._finish_stalled()
                answered_at = self._context.clock.now()
            except IngestError as error:
                is_over = self._context.clock.now() - answered_at >= self._policy.outage_timeout
                if is_over or isinstance(error, (StateFull, OutOfMemory)):
                    return error
                self._context.clock.sleep(IDLE_SECONDS)
        return None

    def unfinished_repositories(self) -> list[str]:
        """List the repositories that are not done."""
        with self._lock:
            return [progress.name for progress in self._unfinished.values()]

    def _poll_next(self) -> bool:
        """Poll a repository that is due and not leased; return False if there is none."""
        context = self._context
        retry_lease_releases(context)
        repository = claim_due_repository(context, only=self.unfinished_repositories())
        if repository is None:
            return False
        error = poll_repository(
            context, repository, should_continue=self._should_continue, discover=self._discover
        )
        if isinstance(error, OutOfMemory):
            raise error
        progress = self._unfinished.get(repository.full_name.lower())
        if progress is not None and progress.is_done_after(error):
            self._finish(progress)
        return True

    def _finish(self, progress: _RepositoryProgress) -> None:
        unread = progress.load_unread()
        with self._lock:
            if self._unfinished.pop(progress.name.lower(), None) is not None:
                self.unread_attempts.extend(unread)
                if progress.error is not None:
                    self.errors[progress.name] = progress.error

    def _drop_paused(self) -> None:
        """Drop repositories that were paused or removed; continue the search of the others."""
        known = {each.full_name.lower(): each for each in self._context.store.list_repositories()}
        with self._lock:
            for key, progress in list(self._unfinished.items()):
                record = known.get(key)
                if record is None or record.paused:
                    del self._unfinished[key]
                else:
                    progress.make_due_again()

    def _finish_stalled(self) -> None:
        """Finish the repositories if nothing has changed for ``stall_timeout``."""
        names, now = self.unfinished_repositories(), self._context.clock.now()
        counts = self._context.store.count_ledger(names[0] if len(names) == 1 else None)
        what = f"{len(names)} repositories, {counts.unread_attempts} unread attempts"
        self.last_change = (self.last_change or LastChange(what, now)).after_observation(what, now)
        if now - self.last_change.at >= self._policy.stall_timeout:
            for progress in list(self._unfinished.values()):
                self._finish(progress)


class _RepositoryProgress:
    """One repository of a collection: how often it failed, and since when it makes no progress."""

    def __init__(self, context: CollectorContext, policy: CollectionPolicy, name: str) -> None:
        self.name = name
        self.error: IngestError | None = None
        self._context = context
        self._policy = policy
        self._failures = 0
        self._search = SearchProgress()
        self._due_again_at: datetime | None = None
        self._last_change = LastChange("", context.clock.now())

    def make_due(self) -> None:
        """Make the repository due, and its attempts whose reads have failed; reset their count."""
        store, now = self._context.store, self._context.clock.now()
        failed = [
            replace(each, failed_reads=0, next_check_at=now)
            for each in self.load_unread()
            if each.failed_reads
        ]
        if failed:
            store.save_attempts(failed)
        store.make_due(self.name, now=now)

    def is_done_after(self, error: IngestError | None) -> bool:
        """Return whether that poll was the last; ``error`` is set then."""
        self.error, now = error, self._context.clock.now()
        if error is not None and self._policy.is_pause_too_long(error, now):
            return True
        if isinstance(error, RateLimited) and self._policy.waits_for_limits:
            self._last_change = self._last_change.after_pause(now, error.retry_at)
            waited = self._note_counts(self._context.store.count_ledger(self.name))
            return waited > self._policy.stall_timeout_without_failures
        if error is not None:
            self._failures += 1
            tries = self._policy.repository_tries
            return self._failures >= (min(tries, REFUSED_TRIES) if _is_refusal(error) else tries)
        self._failures = 0
        return self._is_searched() and self._is_read()

    def make_due_again(self) -> None:
        """Make the repository due if its search for older runs is to be continued now."""
        now = self._context.clock.now()
        if self._due_again_at is not None and now >= self._due_again_at:
            self._due_again_at = None
            self._context.store.make_due(self.name, now=now)

    def _is_searched(self) -> bool:
        """Return whether the search for older runs is complete or given up."""
        if not self._policy.searches_all_days:
            return True
        store, now = self._context.store, self._context.clock.now()
        record = store.load_repository(self.name)
        if self._search.is_complete(record, len(store.load_run_hints(self.name))):
            return True
        if self._search.tries >= self._policy.repository_tries:
            self.error = self._search.error(self.name)
            return True
        self._due_again_at = now + timedelta(seconds=IDLE_SECONDS * 2**self._search.tries)
        return False

    def _is_read(self) -> bool:
        """Return whether every attempt is read or given up."""
        counts = self._context.store.count_ledger(self.name)
        waited = self._note_counts(counts)
        if waited <= timedelta() and counts.unread_attempts > MANY_UNREAD:
            return False
        return all(self._is_given_up(each, waited) for each in self.load_unread())

    def _note_counts(self, counts: LedgerCounts) -> timedelta:
        """Note the counts of the attempts; return for how long they have not changed."""
        now = self._context.clock.now()
        numbers = f"{counts.attempts}, {counts.open_attempts} open, {counts.unread_attempts} unread"
        self._last_change = self._last_change.after_observation(numbers, now)
        return now - self._last_change.at

    def _is_given_up(self, attempt: AttemptRecord, waited: timedelta) -> bool:
        """Return whether an unread attempt is left to a later collection."""
        policy, tries = self._policy, attempt.failed_reads
        longest = policy.stall_timeout if tries else policy.stall_timeout_without_failures
        return tries >= policy.item_tries or waited > longest

    def load_unread(self) -> list[AttemptRecord]:
        """Load the attempts that another poll may complete, without those in progress."""
        store, now = self._context.store, self._context.clock.now()
        if not store.count_ledger(self.name).open_attempts:
            return []
        later = now + timedelta(days=400)
        attempts = store.load_due_attempts(self.name, now=later, limit=MAX_UNREAD)
        return [each for each in attempts if _is_unread(each, now, self._policy.job_lag)]


def _is_refusal(error: IngestError) -> bool:
    """Return whether an error is a refusal by GitHub, which is tried fewer times than a failure.

    A rejected credential counts only after a second try of the credential.
    """
    if isinstance(error, BadCredentials) and 0 < error.times_refused < REFUSED_TRIES:
        return False
    return isinstance(error, (Fatal, RepositoryUnavailable)) and not isinstance(error, Retriable)


class SearchProgress:
    """The progress of the search for older runs, which each poll continues.

    A poll succeeds although this search fails, and records why in ``last_error``. ``tries`` counts
    the polls in a row without progress.
    """

    def __init__(self) -> None:
        self.tries = 0
        self._last_error: str | None = None
        self._position: tuple[object, ...] = ()

    def is_complete(self, record: RepositoryRecord | None, hint_count: int) -> bool:
        """Return whether the search is complete after a poll.

        ``hint_count``: how many runs webhooks or people have named that are not found yet.
        """
        if record is None or record.last_error is None:
            self.tries = 0
            return True
        statuses_at = record.run_lists.status_lists_requested_at
        position = (record.run_list_walk.page, *sweep_progress(record), statuses_at, hint_count)
        self.tries = 0 if position != self._position else self.tries + 1
        self._position, self._last_error = position, record.last_error
        return False

    def error(self, name: str) -> IngestError:
        """Return why older runs may have been missed."""
        return GithubUnavailable(
            f"{name} could not be searched for all older runs: {self._last_error} "
            "Collect again later: what was read is kept."
        )


def _is_unread(attempt: AttemptRecord, now: datetime, lag: timedelta) -> bool:
    """Return whether the last read failed, or the end of the attempt or of its jobs may be missing.

    An attempt that is in progress counts as read.
    """
    run, published = attempt.run, attempt.published_statuses
    if run is None or not published or attempt.failed_reads or needs_job_reread(attempt):
        return True
    return run.is_completed and (published[-1] != run.status or now - (run.updated_at or now) < lag)
