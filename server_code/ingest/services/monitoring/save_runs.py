"""Save in the ledger the runs that a poll has seen; new and changed ones become due."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.delivery_trust import is_older_run, last_change_of
from ...domain.ledger import AttemptRecord, RepositoryRecord
from ...domain.runs import AttemptKey, WorkflowRun
from ...domain.source_records import RUNS_FILTERED_OUT, filtered_out_counter
from ..context import CollectorContext
from .poll_session import PollSession, renew_lease_when_due
from .read_attempts import filtered_record


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
    known = load_known_attempts(context, repository.full_name, [run.run_id for run in runs])
    due: dict[AttemptKey, AttemptRecord] = {}
    filtered: dict[AttemptKey, AttemptRecord] = {}
    for listed in runs:
        record = known.get(run_and_attempt(listed.key))
        run = listed if record is None else replace(listed, repository=record.key.repository)
        poll_session.seen_attempts.add(run.key)
        is_old = _may_be_purged(context, repository, run)
        if _is_left_alone(record, run, since=repository.watched_since, is_old=is_old):
            continue
        if (record is None or record.was_never_read) and not filters.accepts(run):
            new = AttemptRecord(key=run.key, created_at=run.created_at or now, run=run)
            filtered[run.key] = filtered_record(new)
            continue
        if record is None or record.run is None or _has_changed(record.run, run):
            due[run.key] = _due_record(record, run, now)
            poll_session.change_times[run.key] = last_change_of(run)
        if not is_old:
            # An attempt that is listed as well stays as it is listed.
            due = dict(_earlier_attempts(run, known, now)) | due
    if due or filtered:
        context.store.save_attempts([*due.values(), *filtered.values()])
        count_filtered(context, repository, len(filtered))
    if due:
        poll_session.note_changes(due.values(), now)
    # A long list takes longer to walk than a lease lasts.
    renew_lease_when_due(context, poll_session)


def _is_left_alone(
    record: AttemptRecord | None, run: WorkflowRun, *, since: datetime, is_old: bool
) -> bool:
    """Return whether a listed run is not collected: it is unknown and old, or was filtered."""
    if record is None:
        return is_old or not is_wanted(run, since)
    return record.is_filtered_out


def count_filtered(context: CollectorContext, repository: RepositoryRecord, runs: int) -> None:
    """Count what filters left out, in all and for the repository's source."""
    context.counters.add(RUNS_FILTERED_OUT, runs)
    if not runs:
        return
    name = repository.full_name
    source = context.source_filters.source_of(context.store, context.clock, name)
    if source is not None:
        context.store.add_to_saved_counters(
            {filtered_out_counter(source): runs}, now=context.clock.now()
        )


def _adopt_spelling(poll_session: PollSession, runs: Sequence[WorkflowRun]) -> None:
    """Use GitHub's own spelling of the repository's name for what is new, however it was typed."""
    name = poll_session.repository.full_name
    spelled = next((run.repository for run in runs), name)
    if spelled != name and spelled.lower() == name.lower():
        poll_session.repository = replace(poll_session.repository, full_name=spelled)


def make_shown_runs_due(
    context: CollectorContext, poll_session: PollSession, run_ids: Collection[int]
) -> set[int]:
    """Make open attempts due whose ledger record this poll has confirmed; return all such runs.

    The list has shown them, or has not changed.
    """
    now, name = context.clock.now(), poll_session.repository.full_name
    known = context.store.load_attempts(name, sorted(run_ids)).values()
    shown = [record for record in known if poll_session.is_current(record)]
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

    A short list shows such runs at every poll, though they were published. The ledger keeps runs a
    day longer than this, because clocks differ. Until the list was walked once, every run counts as
    new: publishing one twice, with the same ids, is better than never.
    """
    if repository.cursor is None or run.created_at is None:
        return False
    kept = timedelta(days=context.settings.ledger_days - 1)
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


def load_known_attempts(
    context: CollectorContext, repository: str, run_ids: Collection[int]
) -> dict[tuple[int, int], AttemptRecord]:
    """Load the known attempts of runs, by what ``run_and_attempt`` returns of them."""
    known = context.store.load_attempts(repository, sorted(set(run_ids)))
    return {run_and_attempt(key): record for key, record in known.items()}


def run_and_attempt(key: AttemptKey) -> tuple[int, int]:
    """Return what identifies an attempt in its repository, however the repository is spelled."""
    return key.run_id, key.run_attempt


def _due_record(record: AttemptRecord | None, run: WorkflowRun, now: datetime) -> AttemptRecord:
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
        incomplete_job_reads=0,
        open_job_reads=0,
        failed_reads=0,
        last_error=None,
    )


def _earlier_attempts(
    run: WorkflowRun, known: Mapping[tuple[int, int], AttemptRecord], now: datetime
) -> Iterator[tuple[AttemptKey, AttemptRecord]]:
    """Yield the earlier attempts of a run that are not in the ledger, or open there.

    The list shows a run's newest attempt only, so these are saved without a run, to be read by
    their own numbers.
    """
    for number in range(1, run.run_attempt):
        key = replace(run.key, run_attempt=number)
        record = known.get(run_and_attempt(key))
        if record is None:
            yield key, AttemptRecord(key=key, created_at=run.created_at or now, next_check_at=now)
        elif not record.settled and record.run is not None and not record.run.is_completed:
            yield record.key, replace(record, run=None, next_check_at=now)
