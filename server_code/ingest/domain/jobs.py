"""The jobs of a run attempt and their steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .annotations import UNSUCCESSFUL_CONCLUSIONS, AnnotationList
from .codec import KeepsUnknownFields
from .timestamps import seconds_between

#: https://docs.github.com/en/rest/actions/workflow-jobs: the final status.
COMPLETED = "completed"

#: Statuses of jobs without a runner. GitHub sets their ``started_at`` as well.
_NOT_STARTED = frozenset({"queued", "waiting", "pending", "requested"})

#: Conclusions of jobs that may have ended without a runner, and then have no log.
_MAY_NEVER_START = frozenset({"skipped", "cancelled", "action_required", "stale"})

#: Conclusions of failed jobs, whose logs are fetched first.
_FAILED = frozenset({"failure", "timed_out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(KeepsUnknownFields):
    """One step of a job; steps are ordered by ``number``, which may have gaps."""

    number: int
    name: str
    status: str | None
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def duration_seconds(self) -> float | int | None:
        """Return the time from start to completion; None while unknown."""
        return seconds_between(self.started_at, self.completed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(KeepsUnknownFields):
    """One job of one attempt, identified by its id, because names repeat within an attempt.

    ``annotations`` are None before they are read, and if GitHub does not provide them.
    """

    job_id: int
    run_id: int
    run_attempt: int
    name: str
    status: str
    conclusion: str | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    html_url: str | None
    runner_name: str | None
    runner_group_name: str | None
    labels: tuple[str, ...]
    steps: tuple[Step, ...]
    workflow_name: str | None = None
    head_branch: str | None = None
    check_run_url: str | None = None
    runner_id: int | None = None
    annotations: AnnotationList | None = None

    @property
    def is_completed(self) -> bool:
        """Return whether the job has ended."""
        return self.status == COMPLETED

    @property
    def wants_annotations(self) -> bool:
        """Return whether the job ended in a way that its annotations may explain."""
        return self.is_completed and self.conclusion in UNSUCCESSFUL_CONCLUSIONS

    @property
    def failed_at(self) -> datetime | None:
        """Return when the job failed; None if it did not fail."""
        return self.completed_at if self.conclusion in _FAILED else None

    @property
    def latest_time(self) -> datetime | None:
        """Return the latest time of the job and its steps; GitHub's jobs carry no such field."""
        own = (self.created_at, self.started_at, self.completed_at)
        steps = (time for step in self.steps for time in (step.started_at, step.completed_at))
        return max((time for time in (*own, *steps) if time is not None), default=None)

    @property
    def queued_seconds(self) -> float | int | None:
        """Return the time from creation to start; None before the start, or if it is negative."""
        if self.status in _NOT_STARTED:
            return None
        return seconds_between(self.created_at, self.started_at)

    @property
    def duration_seconds(self) -> float | int | None:
        """Return the time from start to completion; None until completed."""
        return seconds_between(self.started_at, self.completed_at) if self.is_completed else None

    @property
    def shows_no_runner(self) -> bool:
        """Return whether neither a runner nor a step shows that the job has started."""
        return not self.steps and not self.runner_name and self.runner_id is None

    @property
    def never_started(self) -> bool:
        """Return whether the job never had a runner, so that no log can exist."""
        if self.conclusion == "skipped":
            return not self.steps
        may_never_start = self.status in _NOT_STARTED or self.conclusion in _MAY_NEVER_START
        return may_never_start and not self.steps and not self.runner_name
