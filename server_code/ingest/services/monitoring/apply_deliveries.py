"""Save delivered runs and jobs in the ledger; they are published from it without a request.

Deliveries may be late, doubled or out of order, so an earlier state never replaces a later one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from ...domain.delivery_trust import MIN_DELIVERIES_AFTER_MISS, is_later_job, is_later_run
from ...domain.jobs import Job
from ...domain.ledger import AttemptRecord, DeliveredEvent
from ...domain.runs import AttemptKey, WorkflowRun
from ..context import CollectorContext
from .poll_session import PollSession
from .read_attempts import merge_jobs
from .save_runs import load_known_attempts, run_and_attempt, upsert_runs

#: How many events are loaded at once: webhooks may have come for days while no agent was running.
MAX_EVENTS = 1000

#: How long a job waits for the delivery of its run, before the run is read.
DELIVERED_RUN_PAUSE = timedelta(seconds=5)


def apply_deliveries(context: CollectorContext, poll_session: PollSession) -> None:
    """Save delivered runs and jobs in the ledger as due.

    Only the first of several events about one run or job is taken, so that each state is published.
    The others are left for the next poll, which is due at once.
    """
    name = poll_session.repository.full_name
    events = context.store.load_delivered_events(name, limit=MAX_EVENTS)
    taken = _first_of_each(events)
    if not taken:
        return
    _apply_runs(context, poll_session, [each.run for each in taken if each.run is not None])
    _apply_jobs(context, poll_session, [each.job for each in taken if each.job is not None])
    _note_arrival(poll_session, taken)
    context.store.clear_delivered_events([each.delivery_id for each in taken])
    poll_session.has_more_deliveries = len(taken) < len(events) or len(events) == MAX_EVENTS


def _first_of_each(events: Sequence[DeliveredEvent]) -> list[DeliveredEvent]:
    first: dict[object, DeliveredEvent] = {}
    for event in events:
        subject = event.job.job_id if event.job is not None else event.run and event.run.key
        first.setdefault(subject, event)
    return list(first.values())


def _apply_runs(
    context: CollectorContext, poll_session: PollSession, runs: Sequence[WorkflowRun]
) -> None:
    if not runs:
        return
    name = poll_session.repository.full_name
    known = load_known_attempts(context, name, [run.run_id for run in runs])
    known_runs = {attempt_id: record.run for attempt_id, record in known.items()}
    later = [run for run in runs if is_later_run(known_runs.get(run_and_attempt(run.key)), run)]
    upsert_runs(context, poll_session, list(map(context.github.sanitize_links, later)))


def _apply_jobs(context: CollectorContext, poll_session: PollSession, jobs: Sequence[Job]) -> None:
    if not jobs:
        return
    name = poll_session.repository.full_name
    known = load_known_attempts(context, name, [job.run_id for job in jobs])
    changed: dict[tuple[int, int], AttemptRecord] = {}
    for job in map(context.github.sanitize_links, jobs):
        attempt_id = job.run_id, job.run_attempt
        record = changed.get(attempt_id) or known.get(attempt_id) or _new_record(context, name, job)
        before = next((each for each in record.jobs if each.job_id == job.job_id), None)
        if record.settled or record.has_all_jobs or not is_later_job(before, job):
            continue
        changed[attempt_id] = _with_job(context, record, job)
    context.store.save_attempts(list(changed.values()))
    if changed:  # the change of a job counts as one of now, because its run may not show it
        poll_session.note_changes((), context.clock.now())
    poll_session.seen_attempts |= {
        record.key for record in changed.values() if record.run is not None
    }


def _new_record(context: CollectorContext, repository: str, job: Job) -> AttemptRecord:
    now = context.clock.now()
    return AttemptRecord(
        key=AttemptKey(repository, job.run_id, job.run_attempt),
        created_at=job.created_at or now,
        next_check_at=now + DELIVERED_RUN_PAUSE,
    )


def _with_job(context: CollectorContext, record: AttemptRecord, job: Job) -> AttemptRecord:
    due_at = record.next_check_at if record.run is None else context.clock.now()
    return replace(
        record,
        jobs=merge_jobs(record.jobs, [job]),
        has_delivered_jobs=True,
        next_check_at=due_at,
    )


def _note_arrival(poll_session: PollSession, events: Sequence[DeliveredEvent]) -> None:
    """Note that deliveries arrive: after a missed one, enough of them are relied on again."""
    known = poll_session.repository.webhooks
    runs_at = [event.received_at for event in events if event.run is not None]
    jobs_at = [event.received_at for event in events if event.job is not None]
    created = [each.run.created_at for each in events if each.run is not None]
    webhooks = replace(
        known,
        last_run_at=max(runs_at, default=known.last_run_at),
        last_job_at=max(jobs_at, default=known.last_job_at),
        deliveries_since_miss=min(
            known.deliveries_since_miss + len(events), MIN_DELIVERIES_AFTER_MISS
        ),
        newest_run_created_at=max(
            filter(None, (*created, known.newest_run_created_at)), default=None
        ),
    )
    poll_session.repository = replace(poll_session.repository, webhooks=webhooks)
