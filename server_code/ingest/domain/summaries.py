"""A run attempt in one line: what lists, plots and searches show of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .codec import KeepsUnknownFields
from .commits import Commit
from .jobs import Job
from .runs import AttemptKey, WorkflowRun, completed_at
from .timestamps import seconds_between

#: Conclusions after which somebody may have to do something.
FAILED_CONCLUSIONS = frozenset({"failure", "timed_out", "startup_failure"})

MAX_JOB_MARKS = 60

#: The letters of job results; "o" is any other, and "r" and "q" are running and waiting jobs.
_MARKS = {"success": "s", "cancelled": "c", "skipped": "k"} | dict.fromkeys(FAILED_CONCLUSIONS, "f")

#: Failed jobs come first, then running and waiting ones, as on the page of a run.
_MARKS_FIRST = {"f": 0, "r": 1, "q": 2}

_TITLE_LENGTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary(KeepsUnknownFields):
    """One attempt in a list; ``title`` is the first line of its commit's message.

    ``queued_seconds``: from the attempt's start to that of its first job. ``job_marks``: one letter
    for each job, up to MAX_JOB_MARKS, as in ``_MARKS``; failed ones come first.
    """

    key: AttemptKey
    created_at: datetime
    status: str
    conclusion: str | None = None
    run_number: int | None = None
    workflow_name: str | None = None
    head_branch: str | None = None
    head_sha: str | None = None
    event: str | None = None
    actor: str | None = None
    title: str | None = None
    run_started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_seconds: float | int | None = None
    job_count: int = 0
    failed_job_count: int = 0
    queued_seconds: float | int | None = None
    job_marks: str = ""

    @property
    def is_failed(self) -> bool:
        """Return whether it failed."""
        return self.conclusion in FAILED_CONCLUSIONS


def summary_of(
    run: WorkflowRun, jobs: Iterable[Job], commit: Commit | None, *, created_at: datetime
) -> RunSummary:
    """Shorten an attempt; ``created_at`` stands in where GitHub gives no time."""
    known = list(jobs)
    marks = sorted(map(_mark, known), key=lambda mark: _MARKS_FIRST.get(mark, 3))
    ended_at = completed_at(run, known)
    return RunSummary(
        key=run.key,
        created_at=run.created_at or created_at,
        status=run.status,
        conclusion=run.conclusion,
        run_number=run.run_number,
        workflow_name=run.workflow_name,
        head_branch=run.head_branch,
        head_sha=run.head_sha,
        event=run.event,
        actor=run.triggering_actor or run.actor,
        title=_first_line(commit.commit_message if commit else None),
        run_started_at=run.run_started_at,
        completed_at=ended_at,
        duration_seconds=seconds_between(run.run_started_at, ended_at),
        job_count=len(known),
        failed_job_count=sum(job.conclusion in FAILED_CONCLUSIONS for job in known),
        queued_seconds=_queued_seconds(run, known),
        job_marks="".join(marks[:MAX_JOB_MARKS]),
    )


def _queued_seconds(run: WorkflowRun, jobs: Iterable[Job]) -> float | int | None:
    """Return how long the first job waited; a re-run also lists jobs of the attempt before."""
    start = run.run_started_at
    starts = [job.started_at for job in jobs if job.started_at is not None]
    first = min((at for at in starts if start is not None and at >= start), default=None)
    return seconds_between(start, first)


def _mark(job: Job) -> str:
    if job.conclusion is not None:
        return _MARKS.get(job.conclusion, "o")
    return "r" if job.status == "in_progress" else "q"


def _first_line(text: str | None) -> str | None:
    line = (text or "").strip().split("\n", 1)[0].strip()
    if len(line) > _TITLE_LENGTH:
        return line[: _TITLE_LENGTH - 1] + "…"
    return line or None
