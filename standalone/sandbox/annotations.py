"""The annotations of check runs: those in the spec or, if it has none, the runner's own."""

from __future__ import annotations

from .specs import AnnotationSpec, AttemptSpec, JobSpec, RunSpec
from .timeline import attempt_status, job_status
from .times import UnixSeconds

_RUNNER_MESSAGES = {
    "failure": "Process completed with exit code 1.",
    "cancelled": "The operation was canceled.",
    "timed_out": "The job has exceeded the maximum execution time of 6h0m0s.",
}


def job_annotations(job: JobSpec, now: UnixSeconds) -> tuple[AnnotationSpec, ...]:
    """Return the annotations that a job has by now; it has none until it ends."""
    status_now = job_status(job, now)
    if status_now.status != "completed":
        return ()
    if job.annotations is not None:
        return job.annotations
    message = _RUNNER_MESSAGES.get(status_now.conclusion or "")
    return () if message is None else (AnnotationSpec(message=message),)


def startup_failure_annotations(
    run: RunSpec, attempt: AttemptSpec, now: UnixSeconds
) -> tuple[AnnotationSpec, ...]:
    """Return the annotations of an attempt that could not start, which belong to no job."""
    if attempt_status(attempt, now).conclusion != "startup_failure":
        return ()
    if attempt.annotations is not None:
        return attempt.annotations
    message = f"Invalid workflow file: {run.workflow.path}#L7"
    return (AnnotationSpec(message=message, path=run.workflow.path, line=7),)


def check_suite_id(run: RunSpec) -> int:
    """Return the id of a run's check suite."""
    return run.id + 20_000_000_000


def startup_failure_check_run_id(run: RunSpec, attempt: AttemptSpec) -> int:
    """Return the id of the check run of an attempt that could not start."""
    return run.id * 1000 + attempt.number
