"""Rely on webhooks in place of polling, and check now and then that they still arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ...domain.delivery_trust import relies_on_deliveries, should_have_been_delivered
from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey, WorkflowRun
from ...domain.timestamps import format_timestamp
from ...messaging.run_events import job_fingerprint
from ...ports import RunQuery
from ..context import CollectorContext
from .poll_session import PollSession
from .read_attempts import AttemptSnapshot
from .save_runs import upsert_runs

#: The name of the list of newer runs, by which its validator is kept.
_NEWER_RUNS = "newer"


def decide_reliance(context: CollectorContext, poll_session: PollSession) -> None:
    """Decide whether this poll relies on deliveries; forget the changes that were delivered."""
    needs_jobs = context.settings.log_mode == "live"
    poll_session.change_times.clear()
    poll_session.relies_on_deliveries = relies_on_deliveries(
        poll_session.repository, needs_jobs=needs_jobs
    )


def find_newer_runs(context: CollectorContext, poll_session: PollSession) -> None:
    """Request runs that are newer than every known one; an unchanged, empty list is free.

    The validator of the last empty list is sent although the query is another one, because GitHub
    computes it from the answer.
    """
    repository = poll_session.repository
    newest = max(filter(None, (repository.cursor, repository.webhooks.newest_run_created_at)))
    answer = context.github.fetch_runs(
        repository.full_name,
        RunQuery(created=f">{format_timestamp(newest)}"),
        repository.run_lists.validators.get(_NEWER_RUNS),
    )
    if answer.value is not None:
        upsert_runs(context, poll_session, answer.value.runs)
        is_empty = not answer.value.runs
        poll_session.set_validator(_NEWER_RUNS, answer.validator if is_empty else None)
    webhooks = replace(
        poll_session.repository.webhooks, newer_runs_requested_at=context.clock.now()
    )
    poll_session.repository = replace(poll_session.repository, webhooks=webhooks)


def note_missed_deliveries(
    context: CollectorContext, poll_session: PollSession, changes: Iterable[datetime | None]
) -> None:
    """Return to polling if a request has found a change that should have been delivered."""
    now = context.clock.now()
    if poll_session.relies_on_deliveries and any(
        should_have_been_delivered(at, now) for at in changes
    ):
        context.counters.add("webhooks_missed")
        poll_session.relies_on_deliveries = False
        webhooks = replace(
            poll_session.repository.webhooks, last_miss_at=now, deliveries_since_miss=0
        )
        poll_session.repository = replace(poll_session.repository, webhooks=webhooks)


def find_status_changes(
    snapshots: Sequence[AttemptSnapshot], before: Mapping[AttemptKey, AttemptRecord]
) -> list[WorkflowRun]:
    """Return the runs whose status was found to have changed by a request."""
    pairs = ((before[each.record.key].run, each.record.run) for each in snapshots)
    return [run for known, run in pairs if known and run and run.status != known.status]


def count_contradicted_deliveries(
    context: CollectorContext,
    snapshots: Sequence[AttemptSnapshot],
    before: Mapping[AttemptKey, AttemptRecord],
) -> None:
    """Count the delivered ends of jobs that differ from those read; the latter are published."""
    for snapshot in snapshots:
        known = before[snapshot.record.key]
        if not known.has_delivered_jobs or snapshot.record.has_delivered_jobs:
            continue
        read = {job.job_id: job_fingerprint(job) for job in snapshot.record.jobs}
        contradicted = [
            job
            for job in known.jobs
            if job.is_completed and read.get(job.job_id) != job_fingerprint(job)
        ]
        if contradicted:
            context.counters.add("webhooks_contradicted", len(contradicted))
