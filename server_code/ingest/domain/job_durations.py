"""How long the jobs of a workflow took lately, and when those in progress may end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .jobs import Job
from .runs import WorkflowRun

#: The last durations in seconds, oldest first, by workflow and job.
JobDurations = Mapping[str, tuple[int, ...]]

#: What is kept for a repository, and how much of it makes an expectation.
MAX_JOBS = 64
MAX_SAMPLES = 5
MIN_SAMPLES = 3
_MAX_KEY_CHARS = 120


def add_durations(known: JobDurations, run: WorkflowRun, jobs: Sequence[Job]) -> JobDurations:
    """Return the durations with those of an ended run; jobs that ran longest ago are dropped."""
    durations = dict(known)
    for job in jobs:
        if job.duration_seconds is not None and not job.never_started:
            key = _key(run, job)
            samples = (*durations.pop(key, ()), round(job.duration_seconds))
            durations[key] = samples[-MAX_SAMPLES:]
    return dict(list(durations.items())[-MAX_JOBS:])


def earliest_end(known: JobDurations, run: WorkflowRun, jobs: Sequence[Job]) -> datetime | None:
    """Return when the first open job may end: after the shortest of its last durations.

    None where something may change at any time: a job that has not started, or one of which too
    little is known.
    """
    ends: list[datetime] = []
    for job in jobs:
        if job.is_completed:
            continue
        samples = known.get(_key(run, job), ())
        if job.status != "in_progress" or job.started_at is None or len(samples) < MIN_SAMPLES:
            return None
        ends.append(job.started_at + timedelta(seconds=min(samples)))
    return min(ends, default=None)


def _key(run: WorkflowRun, job: Job) -> str:
    return f"{run.workflow_id}/{job.name}"[:_MAX_KEY_CHARS]
