"""Requeueing logs: work items that are lost or were given up, and logs that GitHub did not have.

After an outage GitHub may have the logs of recent jobs hours later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from ...domain.ledger import LOG_MISSING, LOG_PENDING
from ...messaging.log_work import job_work_message, work_item_job
from ..context import CollectorContext
from ..publish import STALE_AFTER, publish_log_work

#: A log whose update is further in the future than this was saved by a process with a wrong clock.
CLOCK_TOLERANCE = timedelta(minutes=5)

#: How long after the last try a missing log is requested again.
RECHECK_MISSING_AFTER = timedelta(hours=3)

#: The most logs that are requeued at a time, the oldest first.
MAX_REQUEUED = 500


def requeue_stale_logs(
    context: CollectorContext,
    repositories: Sequence[str] | None = None,
    *,
    older_than: timedelta = STALE_AFTER,
) -> int:
    """Publish new work items for logs that have been pending for long; return their number.

    A queue keeps messages for some days only, and may be emptied by hand. A log that failed for
    half a day leaves the queue; each requeueing tries it once.
    """
    return _requeue(context, LOG_PENDING, repositories, older_than)


def requeue_missing_logs(
    context: CollectorContext, repositories: Sequence[str] | None = None
) -> int:
    """Publish work items for missing logs that are to be requested again; return their number."""
    return _requeue(context, LOG_MISSING, repositories, RECHECK_MISSING_AFTER)


def _requeue(
    context: CollectorContext,
    state: str,
    repositories: Sequence[str] | None,
    older_than: timedelta,
) -> int:
    now = context.clock.now()
    logs = context.store.load_waiting_logs(
        state,
        repositories,
        updated_before=now - older_than,
        or_updated_after=now + CLOCK_TOLERANCE,
        limit=MAX_REQUEUED,
    )
    messages = [
        job_work_message(log.key, work_item_job(log), now=now, tries=log.tries) for log in logs
    ]
    sent = publish_log_work(context, messages, logs)
    context.store.save_job_logs([replace(log, updated_at=now) for log in sent])
    return len(logs)
