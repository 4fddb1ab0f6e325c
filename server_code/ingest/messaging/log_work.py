"""Work items for the Log Ingestion Agent, as they are sent to the job events queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.codec import encode_dataclass
from ..domain.jobs import Job
from ..domain.ledger import JobLogRecord
from ..domain.runs import AttemptKey
from .encoding import QueueMessage, encode_envelope
from .envelope import attempt_envelope, attempt_fields

JOB_LOG_DUE = "job_log_due"
ATTEMPT_LOGS_DUE = "attempt_logs_due"

#: Longer names and conclusions of jobs are cut, so that hundreds of jobs fit into one message. The
#: file names of an archive have 90 characters of a job name, and the longest conclusion of GitHub
#: has 15.
MAX_JOB_NAME_CHARS = 1000
MAX_CONCLUSION_CHARS = 100
_CUT_MARK = "…"

#: GitHub's default retention of logs, and the longest one of public repositories:
#: https://docs.github.com/en/organizations/managing-organization-settings/configuring-the-retention-period-for-github-actions-artifacts-and-logs-in-your-organization
GITHUB_LOG_RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItemJob:
    """A job as a work item names it; its fields are those of the message."""

    job_id: int
    job_name: str
    conclusion: str | None = None
    completed_at: datetime | None = None
    never_started: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogWork:
    """A work item: fetch the log of one job, or all logs of an attempt, and publish them.

    ``jobs`` are those whose logs are due. ``tries`` counts how often the log was requested and
    could not be fetched, limits and refusals aside. ``is_backfill``: all of its jobs ended long
    ago; it depends on the present time, so a message does not say it, and the receiver sets it.
    ``other_jobs``: jobs of the attempt whose logs are not due. An archive holds their logs as
    well, possibly under similar names.
    """

    key: AttemptKey
    jobs: tuple[WorkItemJob, ...]
    is_whole_attempt: bool
    tries: int
    is_backfill: bool = True
    other_jobs: tuple[WorkItemJob, ...] = ()

    @property
    def known_jobs(self) -> tuple[WorkItemJob, ...]:
        """Return every job of the attempt that is known."""
        return (*self.jobs, *self.other_jobs)


def is_archive_worthwhile(
    due: Sequence[Job | WorkItemJob], jobs: Iterable[Job | WorkItemJob], *, now: datetime
) -> bool:
    """Return whether to fetch the archive of an ended attempt in place of the logs that are due.

    ``jobs``: all of the attempt. The archive costs as much as a single log, and also proves where
    the steps are. A log that has most likely expired is requested alone, because only that can
    confirm that an archive has expired.
    """
    if is_only_log(due, jobs):
        ended_at = due[0].completed_at
        return ended_at is None or now - ended_at < GITHUB_LOG_RETENTION
    return len(due) > 1


def is_only_log(due: Sequence[Job | WorkItemJob], jobs: Iterable[Job | WorkItemJob]) -> bool:
    """Return whether one log is due and the attempt has no other log."""
    return len(due) == 1 and sum(not job.never_started for job in jobs) == 1


def job_work_message(
    key: AttemptKey,
    job: Job | WorkItemJob,
    *,
    now: datetime,
    tries: int = 0,
    delay_seconds: int = 0,
) -> QueueMessage:
    """Build the work item of a job that has ended."""
    data = {**attempt_fields(key), "tries": tries, **encode_dataclass(work_item_job(job))}
    envelope = attempt_envelope(JOB_LOG_DUE, key, job.job_id, tries, timestamp=now, data=data)
    return encode_envelope(envelope, delay_seconds=delay_seconds)


def attempt_work_message(
    key: AttemptKey,
    jobs: Iterable[Job | WorkItemJob],
    *,
    now: datetime,
    tries: int = 0,
    delay_seconds: int = 0,
) -> QueueMessage:
    """Build the work item of an ended attempt, whose jobs' logs are in one archive."""
    due = [encode_dataclass(work_item_job(job)) for job in jobs]
    data = {**attempt_fields(key), "tries": tries, "jobs": due}
    ids = sorted(job["job_id"] for job in due)
    envelope = attempt_envelope(ATTEMPT_LOGS_DUE, key, *ids, tries, timestamp=now, data=data)
    return encode_envelope(envelope, delay_seconds=delay_seconds)


def work_item_job(job: Job | WorkItemJob | JobLogRecord) -> WorkItemJob:
    """Return a job as a work item names it; a record of its log has only its name."""
    name = _cut(job.name if isinstance(job, Job) else job.job_name, MAX_JOB_NAME_CHARS)
    if isinstance(job, JobLogRecord):
        return WorkItemJob(job_id=job.job_id, job_name=name)
    return WorkItemJob(
        job_id=job.job_id,
        job_name=name,
        conclusion=job.conclusion and _cut(job.conclusion, MAX_CONCLUSION_CHARS),
        completed_at=job.completed_at,
        never_started=job.never_started,
    )


def is_cut_name(job_name: str) -> bool:
    """Return whether a job's name is the beginning of a longer one."""
    return len(job_name) == MAX_JOB_NAME_CHARS and job_name.endswith(_CUT_MARK)


def _cut(text: str, maximum: int) -> str:
    return text if len(text) <= maximum else text[: maximum - 1] + _CUT_MARK
