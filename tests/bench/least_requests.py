"""The fewest requests that show every event within two polls, for one who knows the future."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from standalone.sandbox.specs import AttemptSpec

POLL_SECONDS = 30


def least_requests(attempts: Sequence[AttemptSpec], *, log_mode: str) -> int:
    """Count the charged requests for runs of one repository: lists, jobs and logs.

    The run list shows when a run appears, starts and ends, of all runs at once; the jobs of each
    attempt are read by themselves. A read that shows several events is charged once.
    """
    lists = _fewest_reads(moment for each in attempts for moment in _changes_of_run(each))
    if log_mode == "economy":
        return lists + 2 * len(attempts)
    jobs = sum(_fewest_reads(_changes_of_jobs(each)) for each in attempts)
    return lists + jobs + sum(len(each.jobs) for each in attempts)


def _fewest_reads(moments: Iterable[float | None]) -> int:
    """Count the reads, each as late as the first event since the one before allows."""
    reads, read_at = 0, float("-inf")
    for moment in sorted(each for each in moments if each is not None):
        if moment > read_at:
            reads, read_at = reads + 1, moment + 2 * POLL_SECONDS
    return reads


def _changes_of_run(attempt: AttemptSpec) -> tuple[float | None, ...]:
    return attempt.requested_at, attempt.in_progress_at, attempt.completed_at


def _changes_of_jobs(attempt: AttemptSpec) -> tuple[float | None, ...]:
    """Return when jobs start and end, and the attempt: its end is read to prove that it has all."""
    times = ((each.started_at, each.completed_at) for each in attempt.jobs)
    return (*(moment for pair in times for moment in pair), attempt.completed_at)
