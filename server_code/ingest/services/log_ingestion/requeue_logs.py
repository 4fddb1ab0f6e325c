"""Requeueing logs that have been pending for long: their work items are lost or were given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from ...messaging.log_work import due_log, job_log_due
from ..context import CollectorContext
from ..publish import REQUEUED_AFTER, publish_log_work

#: A log that was updated later than this was so by a clock that was ahead.
CLOCK_TOLERANCE = timedelta(minutes=5)

#: The most logs that are requeued at a time, the oldest first.
MAX_REQUEUED = 500


def requeue_stale_logs(
    context: CollectorContext,
    repositories: Sequence[str] | None = None,
    *,
    older_than: timedelta = REQUEUED_AFTER,
) -> int:
    """Publish work for logs that have been pending for long; return how many.

    A queue keeps messages for some days only, and may be emptied by hand; and a log that failed
    for half a day leaves the queue, so that it is tried once each time.
    """
    now = context.clock.now()
    pending = context.store.load_pending_logs(
        repositories,
        updated_before=now - older_than,
        or_after=now + CLOCK_TOLERANCE,
        limit=MAX_REQUEUED,
    )
    again = [job_log_due(log.key, due_log(log), now=now, tries=log.tries) for log in pending]
    if publish_log_work(context, again, pending):
        context.store.save_job_logs([replace(log, updated_at=now) for log in pending])
    return len(pending)
