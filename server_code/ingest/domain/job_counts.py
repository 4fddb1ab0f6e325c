"""How many jobs the last runs of a workflow had, and whether an open run has all its jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .jobs import Job
from .runs import WorkflowRun

#: The number of jobs of each of a workflow's last runs, oldest first, by the workflow's id.
RecentJobCounts = Mapping[str, tuple[int, ...]]

MAX_WORKFLOWS = 64
MAX_SAMPLES = 5


def add_job_count(known: RecentJobCounts, run: WorkflowRun, jobs: Sequence[Job]) -> RecentJobCounts:
    """Return the counts with that of an ended run, without the workflows that ran first."""
    counts = dict(known)
    key = str(run.workflow_id)
    samples = (*counts.pop(key, ()), len(jobs))
    counts[key] = samples[-MAX_SAMPLES:]
    return dict(list(counts.items())[-MAX_WORKFLOWS:])


def next_change_ends_run(known: RecentJobCounts, run: WorkflowRun, jobs: Sequence[Job]) -> bool:
    """Return whether the jobs of an open run can change only once more, when the run ends.

    This is so if the run has as many jobs as the last runs of its workflow had, and all of them
    have ended except at most one that is in progress. The run list shows the end.
    """
    samples = known.get(str(run.workflow_id), ())
    still_open = [job for job in jobs if not job.is_completed]
    return (
        bool(samples)
        and len(jobs) >= max(samples)
        and [job.status for job in still_open] in ([], ["in_progress"])
    )
