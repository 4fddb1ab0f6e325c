"""What one tick sees of a repository, and how it gets into the ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..domain.ledger import AttemptRecord, RepositoryRecord
from ..domain.runs import AttemptKey, WorkflowRun
from ..errors import IngestError
from .context import CollectorContext

#: A repository's lease: renewed while a tick works, taken over when its holder is gone.
LEASE_SECONDS = 120
_RENEW_AFTER = timedelta(seconds=LEASE_SECONDS / 4)

#: What requests that can wait may find used of an hour's: some from its start, more as it passes.
FREE_SHARE = 0.1
PACE_SHARE = 0.6


@dataclass(slots=True, kw_only=True)
class PollSession:
    """Be what one tick has seen of a repository: which attempts need no second look by id.

    ``is_thorough``: everything that there is shall be collected now. ``trouble`` is why some of the
    hints about deep runs could not be had this time.
    """

    repository: RepositoryRecord
    leased_at: datetime
    seen: set[AttemptKey] = field(default_factory=set)
    is_thorough: bool = False
    list_is_fresh: bool = False
    unchanged_statuses: set[str] = field(default_factory=set)
    found: int = 0
    trouble: IngestError | None = None

    def has_current(self, record: AttemptRecord) -> bool:
        """Tell whether the ledger's sight of an attempt is as new as this tick."""
        floor = self.repository.page_floor
        on_first_page = floor is None or record.created_at >= floor
        is_as_before = record.run is not None and record.run.status in self.unchanged_statuses
        return record.key in self.seen or is_as_before or (self.list_is_fresh and on_first_page)

    def keep_validator(self, question: str, validator: str | None) -> None:
        """Keep the validator of a question's answer; None forgets it."""
        validators = self.repository.validators
        kept = {asked: known for asked, known in validators.items() if asked != question}
        if validator is not None:
            kept[question] = validator
        self.repository = replace(self.repository, validators=kept)


def keep_lease(context: CollectorContext, poll_session: PollSession) -> bool:
    """Save how far the tick has come, and renew the lease; False where another has taken over."""
    poll_session.leased_at = context.clock.now()
    until = poll_session.leased_at + timedelta(seconds=LEASE_SECONDS)
    return context.store.save_progress(
        poll_session.repository, holder=context.holder, lease_until=until
    )


def can_afford_extra(context: CollectorContext, poll_session: PollSession) -> bool:
    """Tell whether requests that can wait may be sent now: no poll is put off for them.

    They get what is left below the pace at which the hour's requests last.
    """
    if not context.source.has_headroom(poll_session.repository.full_name):
        return False
    budget = context.source.budget()
    if not budget.limit or budget.remaining is None or budget.reset_at is None:
        return True
    past = 1 - (budget.reset_at - context.clock.now()) / timedelta(hours=1)
    return 1 - budget.remaining / budget.limit <= FREE_SHARE + PACE_SHARE * past


def upsert_runs(
    context: CollectorContext, poll_session: PollSession, runs: Sequence[WorkflowRun]
) -> None:
    """Note new and changed runs in the ledger as due, with every attempt before them."""
    repository, now = poll_session.repository, context.clock.now()
    known = context.store.load_attempts(repository.full_name, sorted({run.run_id for run in runs}))
    due: dict[AttemptKey, AttemptRecord] = {}
    for run in runs:
        poll_session.seen.add(run.key)
        record, is_old = known.get(run.key), _may_be_forgotten(context, repository, run)
        if record is None and (is_old or not is_wanted(run, repository.watched_since)):
            continue
        if record is None or record.run is None or _has_moved(record.run, run):
            due[run.key] = _due(record, run, now)
        if not is_old:
            due.update(_earlier_attempts(run, known, now))
    if due:
        context.store.save_attempts(list(due.values()))
        poll_session.found += len(due)
    if now - poll_session.leased_at >= _RENEW_AFTER:
        # A long list takes longer to walk than a lease lasts.
        keep_lease(context, poll_session)


def mark_due(
    context: CollectorContext, poll_session: PollSession, run_ids: Collection[int]
) -> set[int]:
    """Make attempts in flight due whose runs the list has just shown; return all such runs."""
    now, name = context.clock.now(), poll_session.repository.full_name
    known = context.store.load_attempts(name, sorted(run_ids)).values()
    shown = [record for record in known if poll_session.has_current(record)]
    due = [replace(record, next_check_at=now) for record in shown if not record.settled]
    context.store.save_attempts(due)
    return {record.key.run_id for record in shown}


def is_wanted(run: WorkflowRun, since: datetime) -> bool:
    """Tell whether an attempt belongs to what is watched: created or started since, or open."""
    moments = [moment for moment in (run.created_at, run.run_started_at) if moment is not None]
    return not run.is_completed or not moments or max(moments) >= since


def _may_be_forgotten(
    context: CollectorContext, repository: RepositoryRecord, run: WorkflowRun
) -> bool:
    """Tell whether a run is so old that it is unknown only because the ledger has forgotten it.

    A short list shows every run there is, at every poll. The ledger keeps runs a day longer than
    this, for clocks differ. Before the first whole walk nothing is forgotten yet, or it is better
    told twice, under the same ids, than never: BACKFILL_DAYS may have been lowered since.
    """
    if repository.cursor is None or run.created_at is None:
        return False
    kept = timedelta(days=context.collecting.ledger_days - 1)
    return run.created_at < context.clock.now() - kept


def _has_moved(known: WorkflowRun, run: WorkflowRun) -> bool:
    """Tell whether a run looks different; what a lagging list shows of an ended one is older."""
    if known.is_completed and not run.is_completed:
        return False
    return (known.status, known.conclusion, known.updated_at, known.run_started_at) != (
        run.status,
        run.conclusion,
        run.updated_at,
        run.run_started_at,
    )


def _due(record: AttemptRecord | None, run: WorkflowRun, now: datetime) -> AttemptRecord:
    if record is None:
        return AttemptRecord(
            key=run.key, created_at=run.created_at or now, run=run, next_check_at=now
        )
    return replace(record, run=run, settled=False, next_check_at=now, failures=0)


def _earlier_attempts(
    run: WorkflowRun, known: Mapping[AttemptKey, AttemptRecord], now: datetime
) -> Iterator[tuple[AttemptKey, AttemptRecord]]:
    """Name the attempts before this one that were missed, or last seen open.

    The list shows a run's newest attempt only, so these are to be read by their own numbers: they
    are noted without a run.
    """
    for number in range(1, run.run_attempt):
        key = replace(run.key, run_attempt=number)
        record = known.get(key)
        if record is None:
            yield key, AttemptRecord(key=key, created_at=run.created_at or now, next_check_at=now)
        elif not record.settled and record.run is not None and not record.run.is_completed:
            yield key, replace(record, run=None, next_check_at=now)
