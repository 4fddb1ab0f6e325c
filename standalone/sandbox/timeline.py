"""Read a plan at an instant: what GitHub would say of a run or a job just then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .plans import AttemptPlan, JobPlan, RunPlan, StepPlan
from .times import Timestamp


@dataclass(frozen=True, slots=True)
class Standing:
    """A status and what goes with it."""

    status: str
    conclusion: str | None
    updated_at: Timestamp


def attempts_at(run: RunPlan, now: Timestamp) -> tuple[AttemptPlan, ...]:
    """Return the attempts that exist by now, first to last."""
    return tuple(attempt for attempt in run.attempts if attempt.requested_at <= now)


def current_attempt(run: RunPlan, now: Timestamp) -> AttemptPlan:
    """Return the newest attempt there is by now."""
    existing = attempts_at(run, now)
    return existing[-1] if existing else run.attempts[0]


def attempt_standing(attempt: AttemptPlan, now: Timestamp) -> Standing:
    """Return the state of an attempt by now."""
    if attempt.recorded is not None:
        return _recorded_standing(attempt)
    if attempt.completed_at is not None and attempt.completed_at <= now:
        return Standing("completed", attempt.conclusion, attempt.completed_at)
    if attempt.runs_at is not None and attempt.runs_at <= now:
        return Standing("in_progress", None, attempt.runs_at)
    # A run that waits for its approval is completed, and leaves that status when it is approved.
    conclusion = "action_required" if attempt.first_status == "completed" else None
    return Standing(attempt.first_status, conclusion, attempt.requested_at)


def run_standing(run: RunPlan, now: Timestamp) -> Standing:
    """Return the state of a run by now: its newest attempt, and late updates of nothing visible."""
    standing = attempt_standing(current_attempt(run, now), now)
    touches = [touch for touch in run.touched_at if standing.updated_at < touch <= now]
    if not touches:
        return standing
    return Standing(standing.status, standing.conclusion, max(touches))


def jobs_at(attempt: AttemptPlan, now: Timestamp) -> tuple[JobPlan, ...]:
    """Return the jobs of an attempt that exist by now."""
    return tuple(job for job in attempt.jobs if job.created_at <= now)


def job_standing(job: JobPlan, now: Timestamp) -> Standing:
    """Return the state of a job by now."""
    if job.recorded is not None:
        recorded = job.recorded
        return Standing(recorded["status"], recorded["conclusion"], job.created_at)
    if job.completed_at is not None and job.completed_at <= now:
        return Standing("completed", job.conclusion, job.completed_at)
    if job.started_at is not None and job.started_at <= now:
        return Standing("in_progress", None, job.started_at)
    if job.waits_until is not None and job.waits_until > now:
        return Standing("waiting", None, job.created_at)
    return Standing("queued", None, job.created_at)


def step_times(job: JobPlan, step: StepPlan) -> tuple[Timestamp, Timestamp]:
    """Place a step in the time of its job; a job that never ends holds its steps for ever."""
    start = job.started_at or job.created_at
    end = job.completed_at if job.completed_at is not None else start + 10**9
    length = max(0.0, end - start)
    return start + step.begin * length, start + step.end * length


def run_times(run: RunPlan) -> Iterator[Timestamp]:
    """Yield every instant at which the run object itself changes."""
    for attempt in run.attempts:
        yield from _known(attempt.requested_at, attempt.runs_at, attempt.completed_at)
    yield from run.touched_at


def attempt_instants(attempt: AttemptPlan) -> Iterator[Timestamp]:
    """Yield every instant at which the jobs of an attempt change."""
    for job in attempt.jobs:
        yield from _known(job.created_at, job.started_at, job.completed_at, job.waits_until)
        for step in job.steps:
            yield from step_times(job, step)


def _known(*timestamps: Timestamp | None) -> Iterator[Timestamp]:
    return (timestamp for timestamp in timestamps if timestamp is not None)


def _recorded_standing(attempt: AttemptPlan) -> Standing:
    recorded = attempt.recorded or {}
    updated = attempt.completed_at or attempt.runs_at or attempt.requested_at
    return Standing(recorded["status"], recorded["conclusion"], updated)
