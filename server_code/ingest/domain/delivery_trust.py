"""Whether webhooks replace polling, and which of two states of a run or job is later.

Deliveries are relied on from the first one until a request finds a change that none of them has
delivered. They are relied on again when many have arrived without another such change.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .due import is_interval_over
from .jobs import Job
from .ledger import RepositoryRecord
from .runs import WorkflowRun

#: How often newer runs are asked for while deliveries are relied on; unchanged answers are free.
DELIVERY_CHECK_INTERVAL = timedelta(minutes=10)

#: How often the first page of the run list is read while deliveries are relied on.
RUN_LIST_INTERVAL = timedelta(hours=3)

#: How long GitHub takes at most to deliver a change.
MAX_DELIVERY_TIME = timedelta(minutes=1)

#: Deliveries that must arrive after a miss before they are relied on again.
MIN_DELIVERIES_AFTER_MISS = 20

_RANKS = {"requested": 0, "queued": 1, "waiting": 1, "pending": 1, "in_progress": 2, "completed": 3}


def relies_on_deliveries(record: RepositoryRecord, *, needs_jobs: bool) -> bool:
    """Return whether a repository's webhooks replace polling; not before its run list was read."""
    webhooks = record.webhooks
    if (
        record.cursor is None
        or record.run_list_walk.page is not None
        or webhooks.last_run_at is None
    ):
        return False
    if needs_jobs and webhooks.last_job_at is None:
        return False
    has_missed = webhooks.last_miss_at is not None
    return not has_missed or webhooks.deliveries_since_miss >= MIN_DELIVERIES_AFTER_MISS


def is_delivery_check_due(record: RepositoryRecord, now: datetime) -> bool:
    """Return whether to request runs newer than the known ones, to see that none was missed."""
    asked = (record.webhooks.newer_runs_requested_at, record.run_lists.requested_at)
    last = max(filter(None, asked), default=None)
    return is_interval_over(last, DELIVERY_CHECK_INTERVAL, now)


def is_run_list_due(record: RepositoryRecord, now: datetime) -> bool:
    """Return whether the run list itself is to be read."""
    return is_interval_over(record.run_lists.requested_at, RUN_LIST_INTERVAL, now)


def last_change_of(run: WorkflowRun) -> datetime | None:
    """Return when a run last changed; None if GitHub does not show it."""
    return run.updated_at or run.created_at


def should_have_been_delivered(changed_at: datetime | None, now: datetime) -> bool:
    """Return whether a change is so old that its delivery must have arrived, if any arrives."""
    return changed_at is not None and now - changed_at > MAX_DELIVERY_TIME


def is_later_run(known: WorkflowRun | None, run: WorkflowRun) -> bool:
    """Return whether a delivered run is a later state than the known one."""
    if known is None:
        return True
    if known.updated_at is None or run.updated_at in (None, known.updated_at):
        return _rank(run.status) > _rank(known.status)
    return run.updated_at > known.updated_at


def is_older_run(known: WorkflowRun, run: WorkflowRun) -> bool:
    """Return whether an answer shows an attempt as it was before the known state.

    Filtered lists lag behind, and so may a replica of GitHub's database. An answer that shows the
    end of an attempt is never older. An ended attempt can be open again under the same number, for
    example after the approval of a fork's run. Then its ``updated_at`` is later.
    """
    if run.is_completed:
        return False
    if known.updated_at is None or run.updated_at in (None, known.updated_at):
        return known.is_completed
    return run.updated_at < known.updated_at


def is_later_job(known: Job | None, job: Job) -> bool:
    """Return whether a delivered job is a later state than the known one."""
    return known is None or _rank(job.status) > _rank(known.status)


def _rank(status: str) -> int:
    return _RANKS.get(status, 1)
