"""When an attempt is checked again, and when it is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.backoff import backoff
from ...domain.due import MAX_CHECK_DELAY, max_request_interval
from ...domain.job_counts import add_job_count
from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey
from ...errors import AccessDenied, BadCredentials, IngestError, RateLimited, Retriable, Skippable
from ..context import PIPELINE_MONITORING_AGENT, CollectorContext
from .poll_session import PollSession
from .read_attempts import MAX_INCOMPLETE_JOB_READS, AttemptSnapshot, needs_job_reread

#: An open attempt is checked again after the time since its last change, divided by this: for the
#: first hour, that is at every poll.
OPEN_AGE_DIVISOR = 120
MAX_PAUSE = timedelta(minutes=10)

#: An attempt that fails is tried again after 1, 2, 4 … seconds, at most an hour, and given up after
#: the 90 days for which GitHub keeps a run by default.
#: https://docs.github.com/en/organizations/managing-organization-settings/configuring-the-retention-period-for-github-actions-artifacts-and-logs-in-your-organization
MAX_FAILURE_PAUSE = timedelta(hours=1)
MAX_FAILURES = 90 * 24

#: A failure that may pass, such as an outage of GitHub, is tried more often for its first six
#: hours.
MAX_OUTAGE_PAUSE = timedelta(minutes=10)
OUTAGE_FAILURES = 45

#: How many attempts of one repository are made due at once; the others keep their own times.
_MAX_ATTEMPTS = 1000

#: Failures that may pass are reported after this many in a row, others at once, also after some
#: that may pass.
REPORTED_FAILURES = 5

#: How long an ended run waits for its jobs to end, and the pause before they are read again.
MAX_WAIT_FOR_JOBS = timedelta(minutes=1)
MIN_PAUSE_FOR_JOBS = timedelta(seconds=5)

#: A job list that may be short is read again after 1, 2, 4 … seconds, at most this long.
MAX_REREAD_PAUSE = timedelta(seconds=32)

#: The longest time for which a list of jobs lags behind the run's end.
LONGEST_LAG = timedelta(days=1)

#: https://docs.github.com/en/actions/reference/limits: a run lives 35 days at most.
LONGEST_RUN = timedelta(days=36)


def is_waiting_for_jobs(snapshot: AttemptSnapshot, now: datetime) -> bool:
    """Return whether a run has just ended and its jobs, a moment behind, have not.

    It is published when they have, or when MAX_WAIT_FOR_JOBS is over.
    """
    run = snapshot.record.run
    if run is None or not run.is_completed or snapshot.is_gone or snapshot.record.has_all_jobs:
        return False
    return run.updated_at is not None and now - run.updated_at < MAX_WAIT_FOR_JOBS


def jobs_known_at(record: AttemptRecord) -> datetime:
    """Return when the state of the jobs of an attempt in flight was last known.

    Before they are read, that is when the attempt was created, or when it started.
    """
    run = record.run
    started_at = run.updated_at if run is not None and run.status == "in_progress" else None
    return record.jobs_read_at or started_at or _began_at(record)


def note_job_counts(
    poll_session: PollSession,
    snapshots: Sequence[AttemptSnapshot],
    before: Mapping[AttemptKey, AttemptRecord],
) -> None:
    """Add the job counts of ended attempts to the session's repository, which the caller saves."""
    counts = poll_session.repository.recent_job_counts
    for record in (snapshot.record for snapshot in snapshots):
        if record.run and record.has_all_jobs and not before[record.key].has_all_jobs:
            counts = add_job_count(counts, record.run, record.jobs)
    poll_session.repository = replace(poll_session.repository, recent_job_counts=counts)


def pause_for_jobs(record: AttemptRecord) -> timedelta:
    """Return how soon the jobs of a run that has just ended are read again.

    Jobs that the list shows as open end within seconds.
    """
    return max(MIN_PAUSE_FOR_JOBS, _reread_pause(record.incomplete_job_reads))


def settle_or_schedule(
    context: CollectorContext,
    snapshot: AttemptSnapshot,
    record: AttemptRecord,
    *,
    min_pause: timedelta = timedelta(),
) -> AttemptRecord:
    """Settle an ended attempt, or set its next check: the older it is, the later.

    ``record`` is the snapshot's after its changes were published. ``min_pause``: the shortest pause
    of an attempt in flight, while webhooks report its changes.
    """
    run, now = record.run, context.clock.now()
    age = now - _began_at(record)
    if (
        snapshot.is_gone
        or record.has_all_jobs
        or age > LONGEST_RUN
        or _lacks_jobs_for_good(record, now)
    ):
        settled = replace(record, settled=True, next_check_at=None, jobs_validator=None)
        return replace(settled, failed_reads=0, last_error=None)
    since_change = max(now - _changed_at(record), timedelta()) if run else age
    pause = min(
        max(timedelta(seconds=context.settings.poll_seconds), since_change / OPEN_AGE_DIVISOR),
        MAX_PAUSE,
    )
    if needs_job_reread(record):
        pause = _reread_pause(max(record.incomplete_job_reads, record.open_job_reads))
    elif record.incomplete_job_reads:
        pause = backoff(record.incomplete_job_reads, maximum=MAX_FAILURE_PAUSE)
    if run is not None and not run.is_completed:
        if run.status == "in_progress":
            # `updated_at` is the start of a run until GitHub updates it again: keep it here.
            record = replace(record, jobs_read_at=jobs_known_at(record))
        pause = max(min_pause, _pause_in_flight(context, record, pause))
    return replace(record, next_check_at=now + pause, failed_reads=0, last_error=None)


def _began_at(record: AttemptRecord) -> datetime:
    """Return when an attempt began: a run may be run again for 30 days after its creation."""
    run_started_at = record.run.run_started_at if record.run is not None else None
    return run_started_at or record.created_at


def _lacks_jobs_for_good(record: AttemptRecord, now: datetime) -> bool:
    """Return whether the job list stays incomplete for good, because the run ended long ago."""
    ended_at = _changed_at(record)
    return record.incomplete_job_reads > MAX_INCOMPLETE_JOB_READS and now - ended_at > LONGEST_LAG


def _changed_at(record: AttemptRecord) -> datetime:
    """Return when an attempt last changed: GitHub may not update a run while its jobs run."""
    run_changed_at = record.run.updated_at if record.run is not None else None
    changes = [run_changed_at, *(job.latest_time for job in record.jobs)]
    return max(filter(None, changes), default=record.created_at)


def _pause_in_flight(
    context: CollectorContext, record: AttemptRecord, pause: timedelta
) -> timedelta:
    """Return the pause before an attempt in flight is checked: a little less than two polls.

    In live mode that is counted from the last read of its jobs.
    """
    now = context.clock.now()
    gap = max(pause, max_request_interval(context.settings.poll_seconds))
    if context.settings.log_mode != "live":
        return gap
    due_at = jobs_known_at(record) + gap
    return due_at - now if due_at > now else gap


def postpone(context: CollectorContext, record: AttemptRecord, error: IngestError) -> AttemptRecord:
    """Set the next check of an attempt that failed.

    A limit or a rejected credential concerns all requests: it is not a failure of the attempt.
    """
    now = context.clock.now()
    if isinstance(error, (RateLimited, BadCredentials)):
        return record
    if error.retry_at is not None and not error.counts_as_failure:
        return replace(record, next_check_at=min(error.retry_at, now + MAX_FAILURE_PAUSE))
    failures = record.failed_reads + 1
    is_over = failures >= MAX_FAILURES
    if is_over or _is_reported_now(record, failures, error):
        end = "is not tried again" if is_over else "is tried again with growing pauses"
        what = f"{record.key} failed {failures} times and {end}: {error}"
        remedy = error.remedy or "Run the checks, and see GitHub's status page."
        report = context.report_error if is_over else context.report_new_error
        report(PIPELINE_MONITORING_AGENT, record.key.repository, what, remedy)
    record = replace(record, failed_reads=failures, last_error=error.explanation)
    if is_over:
        return replace(record, settled=True, next_check_at=None)
    is_outage = isinstance(error, Retriable) and failures < OUTAGE_FAILURES
    maximum = MAX_OUTAGE_PAUSE if is_outage else MAX_FAILURE_PAUSE
    return replace(record, next_check_at=now + backoff(failures, maximum=maximum))


def _is_reported_now(record: AttemptRecord, failures: int, error: IngestError) -> bool:
    """Return whether to report a failure; ``record`` has the error of the failure before."""
    if isinstance(error, (Retriable, Skippable, AccessDenied)):
        return failures == REPORTED_FAILURES
    return failures <= REPORTED_FAILURES and record.last_error != error.explanation


def make_scheduled_attempts_due(context: CollectorContext, repository: str) -> None:
    """Make the attempts of a repository due that wait for their next check."""
    now = context.clock.now()
    scheduled = context.store.load_due_attempts(
        repository, now=now + MAX_CHECK_DELAY, limit=_MAX_ATTEMPTS
    )
    context.store.save_attempts([replace(each, next_check_at=now) for each in scheduled])


def _reread_pause(reads: int) -> timedelta:
    return backoff(reads, maximum=MAX_REREAD_PAUSE) if reads else timedelta()
