"""Decide whether a log that did not arrive is tried again, or is unavailable for good.

It is unavailable only if GitHub answers so about this log, to a credential that can read the
repository. Everything else (refusals, server errors, limits, a full disk) says nothing about the
log, which then waits with growing pauses for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from ...domain.backoff import backoff
from ...domain.ledger import LOG_FETCHED
from ...domain.runs import AttemptKey
from ...errors import (
    GithubUnavailable,
    IngestError,
    LogExpired,
    LogPending,
    NotFound,
    OutOfMemory,
    RateLimited,
    Retriable,
    StateUnavailable,
)
from ...messaging.log_work import LogWork, WorkItemJob
from ...ports.queues import MAX_DELAY_SECONDS
from ...wire.purposes import BACKFILL_AGE
from ..context import CollectorContext
from ..listed_runs import is_run_listed
from .fetch_logs import fetch_single
from .log_results import LogNotReady, LogResult, LogUnavailable

#: A log may appear up to this long after its job's end. After that, one that is missing gets
#: MIN_MISSING_TRIES tries, half a minute. If GitHub has served no log of the attempt yet, all logs
#: may be unavailable for a while: then it gets MAX_MISSING_TRIES, four minutes.
MAX_LOG_DELAY = timedelta(minutes=10)
MIN_MISSING_TRIES = 5
MAX_MISSING_TRIES = 8

#: The tries of a log that is missing and whose job shows no runner, such as one that was not
#: started because a payment has failed.
NO_RUNNER_TRIES = 2

#: https://docs.github.com/en/organizations/managing-organization-settings/configuring-the-retention-period-for-github-actions-artifacts-and-logs-in-your-organization
SHORTEST_RETENTION = timedelta(days=1)

MAX_PAUSE = timedelta(minutes=10)

#: The longest delay while GitHub refuses access: a poll or a person may end the refusal earlier.
MAX_REFUSED_SECONDS = 300

#: After this many failures, about half a day, a log leaves the queue and is requeued every hour.
MAX_QUEUED_TRIES = 60

#: The errors of a log after which an agent receives no other work, the most urgent first.
STOPPING_ERRORS = (OutOfMemory, StateUnavailable, RateLimited)


def recheck_missing_log(
    context: CollectorContext,
    result: LogNotReady | LogUnavailable,
    work: LogWork,
    *,
    shows_no_runner: Callable[[int], bool] = lambda _: False,
) -> LogResult:
    """Return what a missing log is now: not ready, unavailable for good, or fetched after all.

    A log that GitHub calls expired before the shortest retention time is over is tried again.
    Before a log is given up, its run is read and the log is requested again: the 404 may have come
    while GitHub hid the whole repository. An empty log that is still empty counts as complete.
    ``shows_no_runner`` returns whether the job of an id shows that no runner has started it.
    """
    github, now = context.github, context.clock.now()
    if isinstance(result, LogUnavailable):
        ended_at = result.job.completed_at
        is_retained = ended_at is not None and now - ended_at < SHORTEST_RETENTION
        if result.reason != "expired" or not is_retained:
            return result
        result = LogNotReady(job=result.job, error=LogExpired(result.detail))
    is_given_up = _is_given_up(context, result, work, now) or (
        isinstance(result.error, LogPending)
        and work.tries >= NO_RUNNER_TRIES
        and shows_no_runner(result.job.job_id)
    )
    if not is_given_up:
        return result
    try:
        _require_readable(context, work.key)
    except IngestError as error:
        return LogNotReady(job=result.job, error=error)
    again = fetch_single(github, work, result.job)
    if isinstance(again, LogNotReady) and isinstance(again.error, LogPending):
        return LogUnavailable(job=result.job, reason="not_found", detail=str(again.error))
    return again


def _require_readable(context: CollectorContext, key: AttemptKey) -> None:
    """Read the run, or if it was deleted its repository; raises what reading raises.

    Raises GithubUnavailable for a run that GitHub lists, but does not show.
    """
    github, name = context.github, key.repository
    try:
        github.fetch_run(name, key.run_id)
    except NotFound as error:
        github.fetch_repository(name)
        record = context.store.load_attempts(name, [key.run_id]).get(key)
        if record and is_run_listed(github, name, key.run_id, created_at=record.created_at):
            raise GithubUnavailable(f"GitHub lists {key}, but does not show it now.") from error


def pause_seconds(error: IngestError, tries: int, now: datetime) -> int:
    """Return how long a log waits for its next try: twice as long each time, up to a bound.

    After a limit or a refusal it waits until the time that the error names.
    """
    if error.retry_at is not None:
        longest = MAX_DELAY_SECONDS if isinstance(error, Retriable) else MAX_REFUSED_SECONDS
        seconds = int((error.retry_at - now).total_seconds()) + 1
        return min(max(seconds, 1), longest)
    return int(backoff(tries + 1, maximum=MAX_PAUSE).total_seconds())


def may_still_be_written(job: WorkItemJob, now: datetime) -> bool:
    """Return whether a job ended so recently that GitHub may still write its log."""
    return job.completed_at is not None and now - job.completed_at <= MAX_LOG_DELAY


def is_backfill(jobs: Iterable[WorkItemJob], now: datetime) -> bool:
    """Return whether all jobs ended so long ago that nobody waits for their logs."""
    ends = (job.completed_at for job in jobs)
    return all(end is None or now - end > BACKFILL_AGE for end in ends)


def _is_given_up(
    context: CollectorContext, result: LogNotReady, work: LogWork, now: datetime
) -> bool:
    """Return whether a missing log has had enough time and enough tries."""
    is_missing = isinstance(result.error, (LogPending, LogExpired))
    if not is_missing or may_still_be_written(result.job, now):
        return False
    if work.tries >= MAX_MISSING_TRIES:
        return True
    return work.tries >= MIN_MISSING_TRIES and (
        result.job.completed_at is None
        or any(log.state == LOG_FETCHED for log in context.store.load_job_logs(work.key).values())
    )
