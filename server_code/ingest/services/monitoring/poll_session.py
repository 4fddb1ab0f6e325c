"""One poll of one repository: what it has seen, its lease, and which requests it may send."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ...domain.due import is_interval_over, max_request_interval
from ...domain.ledger import AttemptRecord, RepositoryRecord
from ...domain.runs import AttemptKey
from ...errors import IngestError, StateBusy, StateUnavailable
from ...wire.purposes import BACKFILL_AGE, Purpose
from ..context import CollectorContext

#: A repository's lease: renewed during a poll, taken over if its holder is gone.
LEASE_SECONDS = 120
_RENEW_AFTER = timedelta(seconds=LEASE_SECONDS / 4)

#: This many due attempts are a backlog, whose requests leave a part of the limit to webhooks.
MIN_BACKLOG = 20


@dataclass(slots=True, kw_only=True)
class PollSession:
    """One poll of one repository, and what it has seen.

    ``should_continue`` is called between requests; False ends the search where it is, and the next
    poll continues it. ``hinted_runs``: those that webhooks or people pointed at, and when; each is
    followed once in a poll. ``seen_attempts``: those that GitHub has shown. ``purpose``: what its
    requests are sent for. ``belongs_to_collection``: it is of ``collect --once`` or "Collect now".

    ``is_list_current``: the first page of the run list is as it was read, now or a moment ago.
    ``unchanged_statuses``: the runs in these statuses below that page are as they were.
    ``change_times``: when attempts changed that are new or differ from the ledger's copy;
    ``changed_at``: when what was found changed last. ``relies_on_deliveries``: webhooks take the
    place of polling. ``has_unstarted_attempt``: an attempt is due that had not started when it was
    last read. ``has_more_deliveries``: some deliveries are left for the next poll.
    ``ignores_created``: the server answers a filter by creation time with other runs.
    ``has_unread_pages``: a window of the sweep has more pages than GitHub's filtered lists show.
    ``error``: why a request other than that for the first page failed; ``is_cut_short``: whether a
    limit was one of the reasons.
    """

    repository: RepositoryRecord
    leased_at: datetime
    should_continue: Callable[[], bool] = lambda: True
    hinted_runs: Mapping[int, datetime] = field(default_factory=dict)
    seen_attempts: set[AttemptKey] = field(default_factory=set)
    purpose: Purpose = Purpose.POLLING
    belongs_to_collection: bool = False
    is_list_current: bool = False
    unchanged_statuses: set[str] = field(default_factory=set)
    changed_at: datetime | None = None
    change_times: dict[AttemptKey, datetime | None] = field(default_factory=dict)
    relies_on_deliveries: bool = False
    has_unstarted_attempt: bool = False
    has_more_deliveries: bool = False
    ignores_created: bool = False
    has_unread_pages: bool = False
    error: IngestError | None = None
    is_cut_short: bool = False

    def is_current(self, record: AttemptRecord) -> bool:
        """Return whether the ledger's copy of an attempt is as new as this poll."""
        if record.key in self.seen_attempts:
            return True
        if record.failed_reads:
            return False  # its run may be deleted: it is requested until it answers
        if self.is_on_first_page(record):
            return self.is_list_current
        return record.run is not None and record.run.status in self.unchanged_statuses

    def is_on_first_page(self, record: AttemptRecord) -> bool:
        """Return whether an attempt's place is on the first page of the run list."""
        oldest = self.repository.run_lists.oldest_on_first_page
        return oldest is None or record.created_at >= oldest

    def note_failure(self, error: IngestError) -> None:
        """Keep why a request failed: the first failure, or a limit if nothing else failed.

        A busy state is no failure of the repository, so that it hides no other.
        """
        self.is_cut_short = self.is_cut_short or not error.counts_as_failure
        known = self.error
        if known is None or not known.counts_as_failure or isinstance(known, StateBusy):
            self.error = error

    def note_changes(self, records: Collection[AttemptRecord], now: datetime) -> None:
        """Note when the newest of the found runs changed, which in a backfill was long ago."""
        runs = [record.run for record in records if record.run is not None]
        moments = [run.updated_at if run.is_completed else now for run in runs]
        newest = min(now, max((moment or now for moment in moments), default=now))
        self.changed_at = newest if self.changed_at is None else max(self.changed_at, newest)

    def set_validator(self, list_name: str, validator: str | None) -> None:
        """Set the validator (ETag) of a list; None removes it."""
        lists = self.repository.run_lists
        kept = {name: known for name, known in lists.validators.items() if name != list_name}
        if validator is not None:
            kept[list_name] = validator
        lists = replace(lists, validators=kept)
        self.repository = replace(self.repository, run_lists=lists)


def claim_due_repository(
    context: CollectorContext, *, only: Collection[str] | None
) -> RepositoryRecord | None:
    """Lease the most overdue repository; None if none is due."""
    now, holder = context.clock.now(), context.worker_id
    return context.store.claim_repository(
        holder=holder, now=now, lease_seconds=LEASE_SECONDS, only=only
    )


def save_progress(context: CollectorContext, poll_session: PollSession) -> bool:
    """Save the progress and renew the lease; return False if another holder has taken over."""
    poll_session.leased_at = context.clock.now()
    until = poll_session.leased_at + timedelta(seconds=LEASE_SECONDS)
    return context.store.save_progress(
        poll_session.repository, holder=context.worker_id, lease_until=until
    )


def renew_lease_when_due(context: CollectorContext, poll_session: PollSession) -> bool:
    """Renew the lease when a part of it is over; return False if another holder has it."""
    if context.clock.now() - poll_session.leased_at < _RENEW_AFTER:
        return True
    return save_progress(context, poll_session)


@contextmanager
def release_later_if_state_fails(
    context: CollectorContext, repository: RepositoryRecord
) -> Iterator[None]:
    """Keep a claimed repository for ``retry_lease_releases`` if the state fails in the block.

    Its lease is released as soon as the state responds. Otherwise it would wait until the lease
    expires, minutes later.
    """
    try:
        yield
    except StateUnavailable:
        context.unreleased_leases[repository.full_name] = repository
        raise


def retry_lease_releases(context: CollectorContext) -> None:
    """Release each lease that was kept; its repository is due at once. Raises StateUnavailable."""
    for name in list(context.unreleased_leases):
        repository = context.unreleased_leases.pop(name, None)
        if repository is not None:  # another thread may have taken it
            with release_later_if_state_fails(context, repository):
                context.store.release_repository(
                    repository, holder=context.worker_id, next_poll_at=context.clock.now()
                )


def run_list_due_at(context: CollectorContext, repository: RepositoryRecord) -> datetime:
    """Return when to request the run list again: now, or an interval after its last change.

    The interval is shorter in live mode, where the list is to show the end of a run's last job.
    """
    now, changed_at = context.clock.now(), repository.run_lists.changed_at
    interval = max_request_interval(context.settings.poll_seconds)
    if context.settings.log_mode == "live":
        interval = min(interval, 1.5 * timedelta(seconds=context.settings.poll_seconds))
    if changed_at is None or is_interval_over(changed_at, interval, now):
        return now
    return changed_at + interval


def set_request_purpose(
    context: CollectorContext, poll_session: PollSession, due: Sequence[AttemptRecord] = ()
) -> None:
    """Set what a poll's requests are sent for; while it reads due attempts, the less urgent."""
    purpose = max(poll_session.purpose, purpose_of(due, context.clock.now()))
    context.github.set_purpose(poll_session.repository.full_name, purpose)


def purpose_of(due: Sequence[AttemptRecord], now: datetime) -> Purpose:
    """Return the purpose of reading due attempts: a backfill if most of them ended long ago."""
    if len(due) < MIN_BACKLOG:
        return Purpose.POLLING
    past = sum(_ended_long_ago(record, now) for record in due)
    return Purpose.BACKFILL if 2 * past > len(due) else Purpose.BACKLOG


def _ended_long_ago(record: AttemptRecord, now: datetime) -> bool:
    run = record.run
    if run is None:
        return now - record.created_at > BACKFILL_AGE
    ended_at = run.updated_at or record.created_at
    return run.is_completed and now - ended_at > BACKFILL_AGE
