"""The three results of fetching one log, and the spooling that leads to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from ...domain.jobs import Step
from ...domain.locate_steps import StepEvidence
from ...domain.log_outline import LogOutline, LogOutlineReader, with_step_ranges
from ...domain.step_ranges import StepFile, StepFileReader, StepRange
from ...errors import IngestError, LogExpired
from ...messaging.log_content import LogContentInfo, inspect_log
from ...messaging.log_events import UnavailableReason
from ...messaging.log_work import WorkItemJob
from ..unexpected_errors import as_ingest_error
from .spool import Spool

#: Writes a log into a file, and returns where its steps are if that was stored with it.
FetchLog = Callable[[BinaryIO], tuple[StepRange, ...] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFetched:
    """A log that arrived whole; its receiver closes the spool.

    ``outline``: where its groups, errors and warnings are. ``evidence``: what the log shows about
    where each step begins and ends.
    """

    job: WorkItemJob
    spool: Spool
    content_info: LogContentInfo
    outline: LogOutline
    evidence: StepEvidence

    @property
    def is_empty(self) -> bool:
        """Return whether the log has no content."""
        return self.content_info.log_bytes == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNotReady:
    """A log that was not fetched at this try, for any error.

    Also for a LogExpired that comes too early to be true, and for a stored log that is gone.
    """

    job: WorkItemJob
    error: IngestError


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUnavailable:
    """A log that GitHub will not give, and why; `recheck_missing_log` may make sure once more."""

    job: WorkItemJob
    reason: UnavailableReason
    detail: str


LogResult = LogFetched | LogNotReady | LogUnavailable


def fetch_into_spool(
    job: WorkItemJob, fetch: FetchLog, step_files: Sequence[StepFile] = ()
) -> LogResult:
    """Fetch one log into a spool; any failure is this log's result, never an exception.

    ``step_files`` are those of an archive, which show where the steps are.
    """
    spool = Spool()
    try:
        stored_ranges = fetch(cast("BinaryIO", spool))
        reader, step_reader = LogOutlineReader(), StepFileReader(step_files)
        with spool.open() as written:
            content_info = inspect_log(
                written, (reader.feed, step_reader.feed) if step_files else (reader.feed,)
            )
        outline, evidence = reader.finish()
        evidence = replace(evidence, proved_ranges=step_reader.finish() or stored_ranges)
    except Exception as error:  # noqa: BLE001 - whatever a log holds, the other logs are fetched
        spool.close()
        return result_of_failure(job, error)
    except BaseException:
        spool.close()
        raise
    return LogFetched(
        job=job, spool=spool, content_info=content_info, outline=outline, evidence=evidence
    )


def result_of_failure(job: WorkItemJob, error: Exception) -> LogNotReady | LogUnavailable:
    """Return the result of a log whose fetching raised an exception."""
    if isinstance(error, LogExpired):
        return LogUnavailable(job=job, reason="expired", detail=str(error))
    return LogNotReady(job=job, error=as_ingest_error(error, f"the log of job {job.job_id}"))


def with_steps(log: LogFetched, steps: Sequence[Step]) -> LogFetched:
    """Return the log with the line ranges of its job's steps, as far as they are certain."""
    return replace(log, outline=with_step_ranges(log.outline, log.evidence.locate(steps)))
