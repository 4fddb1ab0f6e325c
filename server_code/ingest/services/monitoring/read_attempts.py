"""Read attempts from GitHub: their newest state, their jobs and their commit. Requests only.

Runs on worker threads, so nothing here touches the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...domain.commits import Commit
from ...domain.delivery_trust import is_older_run
from ...domain.jobs import Job
from ...domain.ledger import AttemptRecord
from ...domain.runs import WorkflowRun
from ...errors import (
    AccessDenied,
    GithubUnavailable,
    IngestError,
    NotFound,
    RateLimited,
    Retriable,
    Skippable,
)
from ...ports import ActionsApi
from ..listed_runs import is_run_listed
from .attempt_messages import has_unpublished_run_changes
from .commit_and_detail_readers import CommitAndDetailReaders
from .read_commits import CommitReader

#: After this many failed reads of an attempt (an hour), its run is published without its jobs. It
#: counts as deleted if they answer 404; if GitHub only fails to answer them, they are still read.
MAX_FAILED_READS = 13

#: After this many failed reads (15 seconds), a run that answers 404, and that no list shows, counts
#: as deleted.
MIN_NOT_FOUND_READS = 4

#: A job list that is empty, shorter than GitHub's count, or has an end without a conclusion
#: (https://github.com/knaisoma/data-olympus/pull/191), is published as it is after the first number
#: of re-reads (a minute), and final after the second (an hour; unchanged answers are free).
MAX_INCOMPLETE_JOB_READS = 6
FINAL_INCOMPLETE_JOB_READS = 12

#: After this many reads (half a minute), open jobs of an ended run are published as they are.
MAX_OPEN_JOB_READS = 6

#: Runs that may end without any job; every other one has at least one.
_ENDS_WITHOUT_JOBS = frozenset(
    {"action_required", "cancelled", "skipped", "stale", "startup_failure"}
)

#: After this many failed reads of its commit, an attempt is published with what is known of it.
MAX_COMMIT_FAILURES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSnapshot:
    """What one read of an attempt returned.

    ``record`` holds the newest run and jobs, also those read before ``error`` ended the read.
    ``newer_attempt``: the run, if GitHub answered with a later attempt of it. ``is_gone``: the run
    was deleted, or a part of it still answers 404 after an hour. ``is_partial``: it is published
    despite the error, because GitHub has failed to answer a part of it for an hour.
    """

    record: AttemptRecord
    newer_attempt: WorkflowRun | None = None
    commit: Commit | None = None
    error: IngestError | None = None
    is_gone: bool = False
    is_partial: bool = False


def read_attempt(
    github: ActionsApi,
    record: AttemptRecord,
    readers: CommitAndDetailReaders,
    *,
    is_run_current: bool,
    wants_jobs: bool,
) -> AttemptSnapshot:
    """Read one attempt; an error is part of the result, with what was read before it.

    ``is_run_current``: the ledger's copy of the run is as new as this poll, so only jobs are read.
    ``wants_jobs``: also of an attempt in progress; those of an ended one are always read.
    """
    snapshot = AttemptSnapshot(record=record)
    try:
        snapshot = _read_run(github, snapshot, is_run_current=is_run_current)
        if snapshot.newer_attempt is not None:
            snapshot = _with_run(snapshot, github.fetch_attempt(record.key))
        run = snapshot.record.run
        if record.was_never_read and run is not None and not readers.filters.accepts(run):
            return replace(snapshot, record=filtered_record(snapshot.record))
        if wants_jobs or snapshot.record.is_run_completed:
            snapshot = _read_jobs(github, snapshot)
        for detailed in readers.details.read(snapshot.record):
            snapshot = replace(snapshot, record=detailed)
        return _read_commit(readers.commits, snapshot)
    except NotFound as error:
        return _explain_not_found(github, readers.commits, snapshot, error)
    except (GithubUnavailable, AccessDenied) as error:
        return _after_failure(github, readers.commits, snapshot, error)
    except IngestError as error:
        return replace(snapshot, error=error)


def needs_job_reread(record: AttemptRecord) -> bool:
    """Return whether jobs of an ended attempt are missing or open, so that they are read again."""
    is_short = 0 < record.incomplete_job_reads <= MAX_INCOMPLETE_JOB_READS
    return is_short or 0 < record.open_job_reads < MAX_OPEN_JOB_READS


def merge_jobs(known: Sequence[Job], newer: Sequence[Job]) -> tuple[Job, ...]:
    """Merge newer jobs into known ones; steps and jobs that are missing now are kept.

    GitHub drops the steps of old jobs, and a page may be short.
    """
    merged = {job.job_id: job for job in known}
    for job in newer:
        before = merged.get(job.job_id)
        if before is not None:
            steps = job.steps or before.steps
            merged[job.job_id] = replace(job, steps=steps, annotations=before.annotations)
        else:
            merged[job.job_id] = job
    return tuple(merged.values())


def filtered_record(record: AttemptRecord) -> AttemptRecord:
    """Return the record of an attempt that a filter leaves out: it is settled, so never due.

    It is kept so that it is counted once, and stays left out when the filter is changed later.
    """
    return replace(record, jobs=(), next_check_at=None, settled=True, is_filtered_out=True)


def _read_run(
    github: ActionsApi, snapshot: AttemptSnapshot, *, is_run_current: bool
) -> AttemptSnapshot:
    record, run = snapshot.record, snapshot.record.run
    if run is None:
        return _with_run(snapshot, github.fetch_attempt(record.key))
    has_ended = run.is_completed and run.conclusion is not None
    if has_ended or (is_run_current and not run.is_completed):
        return snapshot
    answer = github.fetch_run(record.key.repository, record.key.run_id, record.run_validator)
    if answer.value is None:
        return snapshot
    if answer.value.run_attempt == record.key.run_attempt:
        read = _with_run(snapshot, answer.value)
        return replace(read, record=replace(read.record, run_validator=answer.validator))
    return replace(snapshot, newer_attempt=answer.value)


def _with_run(snapshot: AttemptSnapshot, run: WorkflowRun) -> AttemptSnapshot:
    known = snapshot.record.run
    if known is not None and is_older_run(known, run):
        return snapshot
    # The attempt keeps the spelling of the repository under which its events were published, and
    # the number by which it was requested.
    key = snapshot.record.key
    named = replace(run, repository=key.repository, run_attempt=key.run_attempt)
    return replace(snapshot, record=replace(snapshot.record, run=named))


def _read_jobs(github: ActionsApi, snapshot: AttemptSnapshot) -> AttemptSnapshot:
    record = snapshot.record
    if record.has_all_jobs:
        return snapshot
    # A list that may be incomplete is read without the ETag, because 304 may be wrong.
    validator = None if record.jobs and needs_job_reread(record) else record.jobs_validator
    answer = github.fetch_jobs(record.key, validator)
    # An unchanged list is as incomplete as it was.
    is_complete = (
        answer.value.matches_total_count if answer.value else record.incomplete_job_reads == 0
    )
    if answer.value is not None:
        key = record.key  # the jobs are those of the attempt for which they were listed
        listed = [
            replace(job, run_id=key.run_id, run_attempt=key.run_attempt)
            for job in answer.value.jobs
        ]
        known = _without_vanished(record, listed) if is_complete else record.jobs
        newer = _without_older(record, listed)
        # The ledger does not keep that the list of an open run was incomplete.
        validator = answer.validator if is_complete or record.is_run_completed else None
        record = replace(
            record,
            jobs=merge_jobs(known, newer),
            jobs_validator=validator,
            has_delivered_jobs=len(newer) < len(listed),
        )
    if not record.is_run_completed:
        return replace(snapshot, record=record)
    lacks_jobs = not is_complete or _lacks_conclusion(record) or _lacks_every_job(record)
    has_open_jobs = not all(job.is_completed for job in record.jobs)
    is_final = not lacks_jobs or record.incomplete_job_reads >= FINAL_INCOMPLETE_JOB_READS
    read = replace(
        record,
        incomplete_job_reads=record.incomplete_job_reads + 1 if lacks_jobs else 0,
        open_job_reads=record.open_job_reads + 1 if has_open_jobs else 0,
        has_all_jobs=is_final and not has_open_jobs,
    )
    return replace(snapshot, record=read)


def _lacks_conclusion(record: AttemptRecord) -> bool:
    """Return whether an ended attempt, or a job that has ended, has no conclusion yet."""
    ended = [record.run, *(job for job in record.jobs if job.is_completed)]
    return any(each is not None and each.conclusion is None for each in ended)


def _lacks_every_job(record: AttemptRecord) -> bool:
    run = record.run
    return run is not None and not record.jobs and run.conclusion not in _ENDS_WITHOUT_JOBS


def _without_vanished(record: AttemptRecord, listed: Sequence[Job]) -> tuple[Job, ...]:
    """Leave out open jobs of an ended attempt that its list, read several times, does not have."""
    if record.open_job_reads < MAX_OPEN_JOB_READS - 1:
        return record.jobs
    ids = {job.job_id for job in listed}
    return tuple(job for job in record.jobs if job.is_completed or job.job_id in ids)


def _without_older(record: AttemptRecord, listed: Sequence[Job]) -> list[Job]:
    """Leave out jobs whose end was delivered and that the list, which may lag, shows open."""
    ended = {job.job_id for job in record.jobs if record.has_delivered_jobs and job.is_completed}
    return [job for job in listed if job.is_completed or job.job_id not in ended]


def _read_commit(commits: CommitReader, snapshot: AttemptSnapshot) -> AttemptSnapshot:
    record = snapshot.record
    if record.run is None or not has_unpublished_run_changes(record):
        return snapshot
    try:
        return replace(snapshot, commit=commits.fetch(record.run))
    except RateLimited:
        raise
    except (Retriable, Skippable):
        if record.failed_reads < MAX_COMMIT_FAILURES:
            raise
        return replace(snapshot, commit=commits.find_known(record.run))


def _after_failure(
    github: ActionsApi, commits: CommitReader, snapshot: AttemptSnapshot, error: IngestError
) -> AttemptSnapshot:
    """Return the snapshot after a failure or a refusal, which may last for one list of jobs alone.

    https://github.com/con/tinuous/issues/150
    """
    record, failed = snapshot.record, replace(snapshot, error=error)
    if record.failed_reads < MAX_FAILED_READS or not has_unpublished_run_changes(record):
        return failed
    try:
        github.fetch_run(record.key.repository, record.key.run_id)
        return replace(_read_commit(commits, failed), is_partial=True)
    except IngestError:
        return failed


def _explain_not_found(
    github: ActionsApi, commits: CommitReader, snapshot: AttemptSnapshot, error: NotFound
) -> AttemptSnapshot:
    """Return the snapshot after a 404: the run was deleted, or a part of it is not there yet.

    After an hour of such answers it counts as deleted. What was read before is published.
    """
    record = snapshot.record
    if record.failed_reads < MAX_FAILED_READS:
        try:
            if record.failed_reads >= MIN_NOT_FOUND_READS and _is_deleted(github, record):
                return replace(snapshot, is_gone=True)
        except IngestError as failure:
            return replace(snapshot, error=failure)
        late = GithubUnavailable(f"GitHub does not show all of {record.key} now: {error}")
        return replace(snapshot, error=late)
    try:
        return replace(_read_commit(commits, snapshot), is_gone=True)
    except IngestError as failure:
        return replace(snapshot, error=failure)


def _is_deleted(github: ActionsApi, record: AttemptRecord) -> bool:
    """Return whether GitHub shows a run neither by its id nor in its list, or lacks its attempt."""
    name, run_id = record.key.repository, record.key.run_id
    try:
        github.fetch_run(name, run_id)
    except NotFound:
        return not is_run_listed(github, name, run_id, created_at=record.created_at)
    return record.run is None
