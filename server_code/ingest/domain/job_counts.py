"""How many jobs the last runs of a workflow had, and whether an open run's last one is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .jobs import Job
from .runs import WorkflowRun

#: The jobs of the last runs, oldest first, by the workflow's id.
JobCounts = Mapping[str, tuple[int, ...]]

MAX_WORKFLOWS = 64
MAX_SAMPLES = 5


def add_count(known: JobCounts, run: WorkflowRun, jobs: Sequence[Job]) -> JobCounts:
    """Return the counts with that of an ended run; workflows that ran longest ago are dropped."""
    counts = dict(known)
    key = str(run.workflow_id)
    samples = (*counts.pop(key, ()), len(jobs))
    counts[key] = samples[-MAX_SAMPLES:]
    return dict(list(counts.items())[-MAX_WORKFLOWS:])


def ends_with_run(known: JobCounts, run: WorkflowRun, jobs: Sequence[Job]) -> bool:
    """Return whether the next change of an open run's jobs is its end, which the run list shows.

    Of as many jobs as the last runs had, all have ended, or all but one, which is in progress.
    """
    samples = known.get(str(run.workflow_id), ())
    still_open = [job for job in jobs if not job.is_completed]
    return (
        bool(samples)
        and len(jobs) >= max(samples)
        and [job.status for job in still_open] in ([], ["in_progress"])
    )
