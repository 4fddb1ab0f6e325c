"""The status of a run or a job at a point in time, computed from its spec."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .specs import AttemptSpec, JobSpec, RunSpec, StepSpec
from .times import UnixSeconds


@dataclass(frozen=True, slots=True)
class StatusSnapshot:
    """A status with its conclusion and the time of the last change."""

    status: str
    conclusion: str | None
    updated_at: UnixSeconds


def attempts_at(run: RunSpec, now: UnixSeconds) -> tuple[AttemptSpec, ...]:
    """Return the attempts that exist by now, first to last."""
    return tuple(attempt for attempt in run.attempts if attempt.requested_at <= now)


def current_attempt(run: RunSpec, now: UnixSeconds) -> AttemptSpec:
    """Return the newest attempt that exists by now."""
    existing = attempts_at(run, now)
    return existing[-1] if existing else run.attempts[0]


def attempt_status(attempt: AttemptSpec, now: UnixSeconds) -> StatusSnapshot:
    """Return the status of an attempt at `now`."""
    if attempt.recorded is not None:
        recorded = attempt.recorded
        updated = attempt.completed_at or attempt.in_progress_at or attempt.requested_at
        return StatusSnapshot(recorded["status"], recorded["conclusion"], updated)
    if attempt.completed_at is not None and attempt.completed_at <= now:
        return StatusSnapshot("completed", attempt.conclusion, attempt.completed_at)
    if attempt.in_progress_at is not None and attempt.in_progress_at <= now:
        return StatusSnapshot("in_progress", None, attempt.in_progress_at)
    # A run that waits for approval has the status `completed` until it is approved.
    conclusion = "action_required" if attempt.first_status == "completed" else None
    return StatusSnapshot(attempt.first_status, conclusion, attempt.requested_at)


def run_status(run: RunSpec, now: UnixSeconds) -> StatusSnapshot:
    """Return a run's status at `now`: its newest attempt's, with the time of the last change."""
    status_now = attempt_status(current_attempt(run, now), now)
    touches = [touch for touch in run.touched_at if status_now.updated_at < touch <= now]
    if not touches:
        return status_now
    return StatusSnapshot(status_now.status, status_now.conclusion, max(touches))


def jobs_at(attempt: AttemptSpec, now: UnixSeconds) -> tuple[JobSpec, ...]:
    """Return the jobs of an attempt that exist by now."""
    return tuple(job for job in attempt.jobs if job.created_at <= now)


def job_status(job: JobSpec, now: UnixSeconds) -> StatusSnapshot:
    """Return the status of a job at `now`."""
    if job.recorded is not None:
        recorded = job.recorded
        return StatusSnapshot(recorded["status"], recorded["conclusion"], job.created_at)
    if job.completed_at is not None and job.completed_at <= now:
        return StatusSnapshot("completed", job.conclusion, job.completed_at)
    if job.started_at is not None and job.started_at <= now:
        return StatusSnapshot("in_progress", None, job.started_at)
    if job.waits_until is not None and job.waits_until > now:
        return StatusSnapshot("waiting", None, job.created_at)
    return StatusSnapshot("queued", None, job.created_at)


def step_times(job: JobSpec, step: StepSpec) -> tuple[UnixSeconds, UnixSeconds]:
    """Return the begin and end of a step; a job that never ends is taken to last 10**9 seconds."""
    start = job.started_at or job.created_at
    end = job.completed_at if job.completed_at is not None else start + 10**9
    length = max(0.0, end - start)
    return start + step.begin * length, start + step.end * length


def run_change_times(run: RunSpec) -> Iterator[UnixSeconds]:
    """Yield every instant at which the run object itself changes."""
    for attempt in run.attempts:
        times = (attempt.requested_at, attempt.in_progress_at, attempt.completed_at)
        yield from (time for time in times if time is not None)
    yield from run.touched_at
