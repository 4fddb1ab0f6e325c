"""Fetching logs from GitHub into spools: requests only, no state.

A log is in its attempt's archive and can be requested alone; each way is the fallback of the
other. Runs on worker threads, so nothing here touches the store or the queues.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial

from ...errors import (
    BadCredentials,
    IngestError,
    LogExpired,
    LogPending,
    RateLimited,
    RequestPaused,
    ResourceExhausted,
)
from ...messaging.log_work import LogWork, WorkItemJob, is_only_log
from ...ports import ActionsApi
from ..limits_in_force import LimitsInForce
from ..unexpected_errors import as_ingest_error
from .log_archive import LogArchive, fetch_log_archive
from .log_results import (
    LogFetched,
    LogNotReady,
    LogResult,
    LogUnavailable,
    fetch_into_spool,
    result_of_failure,
)

#: Errors that the other way would raise as well, so that it is not tried.
_SHARED_FAILURES = (RateLimited, BadCredentials, ResourceExhausted)

#: A log that is missing (404) is requested the other way after this many tries.
TRIES_BEFORE_FALLBACK = 3

#: After this many single logs failed in a row, the others wait for the next try.
MAX_CONSECUTIVE_FAILURES = 3


def fetch_logs(
    github: ActionsApi,
    work: LogWork,
    pending: Collection[WorkItemJob],
    limits: LimitsInForce,
    *,
    prefers_archive: bool = False,
) -> Iterator[LogResult]:
    """Fetch the logs of one piece of work, one result for each job; never raises an IngestError.

    Where one of the ``limits`` lasts, nothing is requested. ``prefers_archive``: request the
    archive at later tries, too, if the attempt has one log only.
    """
    requested = [job for job in pending if not job.never_started]
    yield from (_never_existed(job) for job in pending if job.never_started)
    # At a later try an only log is requested alone: the archive would cost one request more.
    may_fetch_archive_for_one = prefers_archive or work.tries == 0
    is_only = may_fetch_archive_for_one and is_only_log(requested, work.known_jobs)
    if work.is_whole_attempt and (len(requested) > 1 or is_only):
        yield from _unless_limited(
            limits, work, requested, _fetch_archive_first(github, work, requested)
        )
        return
    for job in requested:
        result = map(partial(_fetch_single_first, github, work), [job])
        yield from _unless_limited(limits, work, [job], result)


def _unless_limited(
    limits: LimitsInForce, work: LogWork, jobs: Sequence[WorkItemJob], results: Iterator[LogResult]
) -> Iterator[LogResult]:
    """Yield the results of jobs, and note their limits; fetch nothing while a limit lasts."""
    scope = work.key.repository, work.is_backfill
    if limit := limits.find(scope):
        yield from (LogNotReady(job=job, error=limit) for job in jobs)
        return
    for result in results:
        if isinstance(result, LogNotReady):
            limits.note(scope, result.error)
        yield result


def _fetch_archive_first(
    github: ActionsApi, work: LogWork, requested: Sequence[WorkItemJob]
) -> Iterator[LogResult]:
    """Yield the logs that the archive holds for certain, then fetch the others one by one."""
    left = {job.job_id: job for job in requested}
    failure: IngestError | None = None
    try:
        with fetch_log_archive(github, work, _job_names(work)) as archive:
            for job in requested:
                if job.job_id not in archive or archive.is_empty_log(job.job_id):
                    continue
                result = extract_log(archive, job)
                error = result.error if isinstance(result, LogNotReady) else None
                if isinstance(result, LogFetched) or isinstance(error, _SHARED_FAILURES):
                    del left[job.job_id]
                    yield result
    except Exception as raised:  # noqa: BLE001 - an archive's failure leaves the single logs
        failure = as_ingest_error(raised, f"the archive of {work.key}")
    is_early = isinstance(failure, LogPending) and work.tries < TRIES_BEFORE_FALLBACK
    if isinstance(failure, LogExpired):
        yield from _fetch_unless_expired(github, work, list(left.values()))
    elif failure is not None and (is_early or isinstance(failure, _SHARED_FAILURES)):
        yield from (result_of_failure(job, failure) for job in left.values())
    else:
        yield from _fetch_singles(github, work, list(left.values()))


def extract_log(archive: LogArchive, job: WorkItemJob) -> LogResult:
    """Extract a job's log, and locate its steps by the files of steps in the archive."""
    return fetch_into_spool(
        job, partial(archive.extract, job.job_id), archive.step_files(job.job_id)
    )


def _fetch_unless_expired(
    github: ActionsApi, work: LogWork, jobs: Sequence[WorkItemJob]
) -> Iterator[LogResult]:
    """Fetch the logs of an archive that has expired: the first one shows whether all have."""
    first = _fetch_written(github, work, jobs[0])
    yield first
    if isinstance(first, LogUnavailable):
        yield from (replace(first, job=job) for job in jobs[1:])
    else:
        yield from _fetch_singles(github, work, jobs[1:])


def _fetch_singles(
    github: ActionsApi, work: LogWork, jobs: Sequence[WorkItemJob]
) -> Iterator[LogResult]:
    """Fetch logs one by one until several in a row fail, or one fails as all others would.

    Each try begins with another job.
    """
    first = work.tries % max(len(jobs), 1)
    failures = 0
    error: IngestError | None = None
    for job in (*jobs[first:], *jobs[:first]):
        if error is not None and failures >= MAX_CONSECUTIVE_FAILURES:
            yield LogNotReady(job=job, error=error)
            continue
        result = _fetch_written(github, work, job)
        if isinstance(result, LogNotReady) and not isinstance(result.error, LogPending):
            error = result.error
            failures += MAX_CONSECUTIVE_FAILURES if isinstance(error, _SHARED_FAILURES) else 1
        else:
            failures = 0
        yield result


def fetch_single(github: ActionsApi, work: LogWork, job: WorkItemJob) -> LogResult:
    """Fetch one job's log alone, which may be empty."""
    fetch = partial(
        github.fetch_job_log, work.key.repository, job.job_id, is_backfill=work.is_backfill
    )
    return fetch_into_spool(job, fetch)


def _fetch_written(github: ActionsApi, work: LogWork, job: WorkItemJob) -> LogResult:
    """Fetch one job's log alone; one that is empty counts as not written yet.

    GitHub answers so by mistake: https://github.com/cli/cli/issues/5011
    """
    result = fetch_single(github, work, job)
    if not isinstance(result, LogFetched) or not result.is_empty:
        return result
    result.spool.close()
    return LogNotReady(job=job, error=LogPending("GitHub's log of the job is empty."))


def _fetch_single_first(github: ActionsApi, work: LogWork, job: WorkItemJob) -> LogResult:
    """Fetch a single log; if that keeps failing, fetch the attempt's archive for it."""
    result = _fetch_written(github, work, job)
    if not isinstance(result, LogNotReady) or not _wants_archive(result.error, work):
        return result
    try:
        return _extract_single(github, work, job) or result
    except Exception as error:  # noqa: BLE001 - the first way's failure is this log's result
        as_ingest_error(error, f"the archive of {work.key}")  # logs a defect
        return result


def _extract_single(github: ActionsApi, work: LogWork, job: WorkItemJob) -> LogFetched | None:
    """Return one job's log out of its attempt's archive; None if it is not there for certain.

    It may be another job's, missing, damaged, or an empty file, which proves nothing: only a single
    log shows that a log is empty.
    """
    names = _job_names(work)
    if not work.is_whole_attempt:
        # A work item of one job knows only the name of that job.
        listed = github.fetch_jobs(work.key).value
        if listed is None or not listed.matches_total_count:
            return None
        names = {each.job_id: each.name for each in listed.jobs}
    with fetch_log_archive(github, work, names) as archive:
        if job.job_id not in archive or archive.is_empty_log(job.job_id):
            return None
        result = extract_log(archive, job)
        return result if isinstance(result, LogFetched) else None


def _wants_archive(error: IngestError, work: LogWork) -> bool:
    """Return whether the archive is fetched at this try for a single log that failed.

    The archive exists once the attempt has ended, and costs as much as all of its logs.
    """
    if isinstance(error, _SHARED_FAILURES):
        return False
    if isinstance(error, RequestPaused):
        # GitHub refuses this path for a while; that of the archive may answer.
        return True
    return work.tries >= (TRIES_BEFORE_FALLBACK if isinstance(error, LogPending) else 1)


def _job_names(work: LogWork) -> dict[int, str]:
    return {job.job_id: job.job_name for job in work.known_jobs}


def _never_existed(job: WorkItemJob) -> LogUnavailable:
    end = job.conclusion or "left open"
    detail = f"The job was {end} before a runner took it, so it wrote no log."
    return LogUnavailable(job=job, reason="never_existed", detail=detail)
