"""One poll of one repository: what it has seen, and how that gets into the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ...domain.delivery_trust import is_older_run
from ...domain.due import LONGEST_GAP_POLLS, is_interval_over
from ...domain.ledger import AttemptRecord, RepositoryRecord
from ...domain.runs import AttemptKey, WorkflowRun
from ...domain.source_records import RUNS_FILTERED, filtered_counter
from ...errors import IngestError
from ..context import CollectorContext

#: A repository's lease: renewed during a poll, taken over if its holder is gone.
LEASE_SECONDS = 120
_RENEW_AFTER = timedelta(seconds=LEASE_SECONDS / 4)

#: The share of the hour's requests that may be used before optional requests are held back: some
#: from the start of the hour, more as it passes.
FREE_SHARE = 0.1
PACE_SHARE = 0.6


@dataclass(slots=True, kw_only=True)
class PollSession:
    """One poll of one repository, and what it has seen.

    ``is_thorough``: everything is to be collected now. ``error`` is why some of the requests
    other than the first page of the run list failed this time. ``ignores_created``: the
    server answers a filter by creation time with other runs. ``should_continue`` is asked between
    requests; False ends the search where it is, and the next poll continues it. ``changed``: runs
    that were new or differed from the ledger's copy. ``relies_on_deliveries``: webhooks take the
    place of polling. ``hints``: the runs that webhooks or people pointed at, and when; each is
    followed once in a poll.
    """

    repository: RepositoryRecord
    leased_at: datetime
    should_continue: Callable[[], bool] = lambda: True
    hints: Mapping[int, datetime] = field(default_factory=dict)
    seen: set[AttemptKey] = field(default_factory=set)
    is_thorough: bool = False
    list_is_fresh: bool = False
    unchanged_statuses: set[str] = field(default_factory=set)
    found: int = 0
    changed: list[WorkflowRun] = field(default_factory=list)
    relies_on_deliveries: bool = False
    has_more_facts: bool = False
    ignores_created: bool = False
    error: IngestError | None = None

    def has_current(self, record: AttemptRecord) -> bool:
        """Return whether the ledger's copy of an attempt is as new as this poll."""
        floor = self.repository.page_floor
        on_first_page = floor is None or record.created_at >= floor
        is_as_before = record.run is not None and record.run.status in self.unchanged_statuses
        return record.key in self.seen or is_as_before or (self.list_is_fresh and on_first_page)

    def keep_validator(self, list_name: str, validator: str | None) -> None:
        """Keep the validator of a list; None removes it."""
        validators = self.repository.validators
        kept = {name: known for name, known in validators.items() if name != list_name}
        if validator is not None:
            kept[list_name] = validator
        self.repository = replace(self.repository, validators=kept)


def keep_lease(context: CollectorContext, poll_session: PollSession) -> bool:
    """Save the progress and renew the lease; return False if another holder has taken over."""
    poll_session.leased_at = context.clock.now()
    until = poll_session.leased_at + timedelta(seconds=LEASE_SECONDS)
    return context.store.save_progress(
        poll_session.repository, holder=context.holder, lease_until=until
    )


def renew_lease(context: CollectorContext, poll_session: PollSession) -> bool:
    """Renew the lease when a part of it is over; return False if another holder has it."""
    if context.clock.now() - poll_session.leased_at < _RENEW_AFTER:
        return True
    return keep_lease(context, poll_session)


def can_afford_extra(context: CollectorContext, poll_session: PollSession) -> bool:
    """Return whether optional requests may be sent now without putting off any poll.

    They get what is left below the pace at which the hour's requests last.
    """
    if not context.source.has_headroom(poll_session.repository.full_name):
        return False
    budget = context.source.budget()
    if not budget.limit or budget.remaining is None or budget.reset_at is None:
        return True
    past = 1 - (budget.reset_at - context.clock.now()) / timedelta(hours=1)
    return 1 - budget.remaining / budget.limit <= FREE_SHARE + PACE_SHARE * past


def list_rests_until(context: CollectorContext, repository: RepositoryRecord) -> datetime:
    """Return until when the run list is not asked for again, because it has just changed.

    In live mode it never rests: there the jobs cost most of the requests, and an event is to be
    on the queue one poll later.
    """
    now, changed_at = context.clock.now(), repository.list_changed_at
    if context.collecting.log_mode == "live":
        return now
    rest = LONGEST_GAP_POLLS * timedelta(seconds=context.collecting.poll_seconds)
    if changed_at is None or is_interval_over(changed_at, rest, now):
        return now
    return changed_at + rest


def upsert_runs(
    context: CollectorContext, poll_session: PollSession, runs: Sequence[WorkflowRun]
) -> None:
    """Save new and changed runs in the ledger as due, with every attempt before them.

    An attempt keeps the spelling of its repository's name under which it was saved first, so that
    the ids of its events stay the same.
    """
    _adopt_spelling(poll_session, runs)
    repository, now = poll_session.repository, context.clock.now()
    filters = context.filters_of(repository.full_name)
    ids = sorted({run.run_id for run in runs})
    known = {
        _numbers(key): record
        for key, record in context.store.load_attempts(repository.full_name, ids).items()
    }
    due: dict[AttemptKey, AttemptRecord] = {}
    filtered: dict[AttemptKey, AttemptRecord] = {}
    for listed in runs:
        record = known.get(_numbers(listed.key))
        run = listed if record is None else replace(listed, repository=record.key.repository)
        poll_session.seen.add(run.key)
        is_old = _may_be_purged(context, repository, run)
        if record is None and (is_old or not is_wanted(run, repository.watched_since)):
            continue
        if record is not None and record.is_filtered:
            continue
        is_new = record is None or (record.run is None and not record.published_statuses)
        if is_new and not filters.accepts(run):
            filtered[run.key] = _left_out(run, now)
            continue
        if record is None or record.run is None or _has_changed(record.run, run):
            due[run.key] = _due(record, run, now)
            poll_session.changed.append(run)
        if not is_old:
            due.update(_earlier_attempts(run, known, now))
    if due or filtered:
        context.store.save_attempts([*due.values(), *filtered.values()])
        _count_filtered(context, repository, len(filtered))
        poll_session.found += len(due)
    # A long list takes longer to walk than a lease lasts.
    renew_lease(context, poll_session)


def _count_filtered(context: CollectorContext, repository: RepositoryRecord, runs: int) -> None:
    """Count what filters left out, in all and for the repository's source."""
    context.counters.add(RUNS_FILTERED, runs)
    source, filters = context.source_filters.find(
        context.store, context.clock, repository.full_name
    )
    if runs and filters.are_set:
        context.store.add_counts({filtered_counter(source): runs}, now=context.clock.now())


def _adopt_spelling(poll_session: PollSession, runs: Sequence[WorkflowRun]) -> None:
    """Use GitHub's own spelling of the repository's name for what is new, however it was typed."""
    name = poll_session.repository.full_name
    spelled = next((run.repository for run in runs), name)
    if spelled != name and spelled.lower() == name.lower():
        poll_session.repository = replace(poll_session.repository, full_name=spelled)


def mark_due(
    context: CollectorContext, poll_session: PollSession, run_ids: Collection[int]
) -> set[int]:
    """Make open attempts due whose runs the list has just shown; return all runs it has shown."""
    now, name = context.clock.now(), poll_session.repository.full_name
    known = context.store.load_attempts(name, sorted(run_ids)).values()
    shown = [record for record in known if poll_session.has_current(record)]
    due = [replace(record, next_check_at=now) for record in shown if not record.settled]
    context.store.save_attempts(due)
    return {record.key.run_id for record in shown}


def is_wanted(run: WorkflowRun, since: datetime) -> bool:
    """Return whether an attempt is to be collected: created or started since, or open."""
    moments = [moment for moment in (run.created_at, run.run_started_at) if moment is not None]
    return not run.is_completed or not moments or max(moments) >= since


def _may_be_purged(
    context: CollectorContext, repository: RepositoryRecord, run: WorkflowRun
) -> bool:
    """Return whether a run is so old that the ledger may have known it and purged it.

    A short list shows every run there is, at every poll. The ledger keeps runs a day longer than
    this, because clocks differ. Before the first whole walk nothing has been purged, or it is
    published twice under the same ids rather than never: BACKFILL_DAYS may have been lowered.
    """
    if repository.cursor is None or run.created_at is None:
        return False
    kept = timedelta(days=context.collecting.ledger_days - 1)
    return run.created_at < context.clock.now() - kept


def _has_changed(known: WorkflowRun, run: WorkflowRun) -> bool:
    """Return whether a run differs from the ledger's copy and is not an older state of it."""
    if is_older_run(known, run):
        return False
    return (known.status, known.conclusion, known.updated_at, known.run_started_at) != (
        run.status,
        run.conclusion,
        run.updated_at,
        run.run_started_at,
    )


def _left_out(run: WorkflowRun, now: datetime) -> AttemptRecord:
    """Return the record of an attempt that a filter leaves out: it is settled, so never due.

    It is kept so that it is counted once, and stays left out when the filter is changed later.
    """
    return AttemptRecord(
        key=run.key, created_at=run.created_at or now, run=run, settled=True, is_filtered=True
    )


def _numbers(key: AttemptKey) -> tuple[int, int]:
    return key.run_id, key.run_attempt


def _due(record: AttemptRecord | None, run: WorkflowRun, now: datetime) -> AttemptRecord:
    if record is None:
        return AttemptRecord(
            key=run.key, created_at=run.created_at or now, run=run, next_check_at=now
        )
    return replace(
        record,
        run=run,
        settled=False,
        next_check_at=now,
        has_all_jobs=False,
        doubtful_reads=0,
        failures=0,
    )


def _earlier_attempts(
    run: WorkflowRun, known: Mapping[tuple[int, int], AttemptRecord], now: datetime
) -> Iterator[tuple[AttemptKey, AttemptRecord]]:
    """Yield the attempts before this one that were missed, or last seen open.

    The list shows a run's newest attempt only, so these are saved without a run, to be read by
    their own numbers.
    """
    for number in range(1, run.run_attempt):
        key = replace(run.key, run_attempt=number)
        record = known.get(_numbers(key))
        if record is None:
            yield key, AttemptRecord(key=key, created_at=run.created_at or now, next_check_at=now)
        elif not record.settled and record.run is not None and not record.run.is_completed:
            yield record.key, replace(record, run=None, next_check_at=now)
