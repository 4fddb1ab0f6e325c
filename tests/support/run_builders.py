"""Builders of jobs, attempts, runs and repositories: mutable until `finish` returns the spec."""

from __future__ import annotations

from dataclasses import dataclass, field

from standalone.sandbox.repository import NewItems, Repository
from standalone.sandbox.specs import (
    AnnotationSpec,
    ArtifactSpec,
    AttemptSpec,
    CommitSpec,
    HookSpec,
    JobSpec,
    LogSpec,
    PullRequestSpec,
    RepositorySpec,
    RunSpec,
    StepSpec,
    WorkflowSpec,
)
from standalone.sandbox.times import UnixSeconds


@dataclass(slots=True, kw_only=True)
class JobBuilder:
    """A job whose times and conclusion may still come from its attempt."""

    id: int
    name: str
    conclusion: str | None
    starts_after: float
    seconds: float | None
    steps: tuple[str, ...]
    labels: tuple[str, ...]
    log: bytes | LogSpec | None
    waits: float | None
    reused: bool
    stays_queued: bool = False
    annotations: tuple[AnnotationSpec, ...] | None = None


@dataclass(slots=True, kw_only=True)
class AttemptBuilder:
    """An attempt and the builders of its jobs."""

    requested_at: UnixSeconds
    in_progress_at: UnixSeconds | None
    completed_at: UnixSeconds | None
    conclusion: str | None
    actor: str
    first_status: str
    jobs: list[JobBuilder] = field(default_factory=list)
    annotations: tuple[AnnotationSpec, ...] | None = None

    def finish(self, number: int) -> AttemptSpec:
        """Return the attempt's plan."""
        return AttemptSpec(
            number=number,
            requested_at=self.requested_at,
            in_progress_at=self.in_progress_at,
            completed_at=self.completed_at,
            conclusion=self.conclusion if self.completed_at is not None else None,
            triggering_actor=self.actor,
            first_status=self.first_status,
            jobs=tuple(_job(self, job) for job in self.jobs),
            annotations=self.annotations,
        )


@dataclass(slots=True, kw_only=True)
class RunBuilder:
    """A run and the builders of its attempts."""

    id: int
    workflow: WorkflowSpec
    event: str
    branch: str | None
    sha: str
    actor: str
    title: str
    pulls: tuple[int, ...]
    fork: str | None
    touched: tuple[UnixSeconds, ...]
    references: tuple[str, ...] = ()
    artifacts: tuple[ArtifactSpec, ...] = ()
    attempts: list[AttemptBuilder] = field(default_factory=list)

    def finish(self, number: int) -> RunSpec:
        """Return the run's plan."""
        return RunSpec(
            id=self.id,
            number=number,
            workflow=self.workflow,
            event=self.event,
            head_branch=self.branch,
            head_sha=self.sha,
            actor=self.actor,
            display_title=self.title,
            # GitHub lists no pull request of a fork
            pull_numbers=() if self.fork else self.pulls,
            head_repository=self.fork,
            touched_at=self.touched,
            referenced_workflows=self.references,
            artifacts=self.artifacts,
            attempts=tuple(attempt.finish(n) for n, attempt in enumerate(self.attempts, 1)),
        )


@dataclass(slots=True, kw_only=True)
class RepositoryBuilder:
    """A repository and everything in it."""

    spec: RepositorySpec
    runs: list[RunBuilder] = field(default_factory=list)
    commits: dict[str, CommitSpec] = field(default_factory=dict)
    pulls: list[PullRequestSpec] = field(default_factory=list)
    hooks: list[HookSpec] = field(default_factory=list)

    def finish(self) -> Repository:
        """Return the repository."""
        runs = [run.finish(number) for number, run in enumerate(self.runs, 1)]
        new_items = NewItems(runs=runs, commits=list(self.commits.values()), pulls=self.pulls)
        return Repository(self.spec, new_items, hooks=self.hooks)


def _job(attempt: AttemptBuilder, job: JobBuilder) -> JobSpec:
    conclusion = job.conclusion or attempt.conclusion or "success"
    if conclusion == "skipped":
        return _skipped(attempt, job)
    if job.stays_queued:
        return JobSpec(
            id=job.id,
            name=job.name,
            created_at=attempt.requested_at,
            started_at=None,
            completed_at=None,
            conclusion=None,
            labels=job.labels,
            runner=None,
            reused=job.reused,
        )
    started = None if attempt.in_progress_at is None else attempt.in_progress_at + job.starts_after
    # A run that waits for its approval has no jobs yet.
    waits = attempt.first_status == "completed"
    completed = attempt.completed_at
    if job.seconds is not None and started is not None:
        completed = started + job.seconds
    return JobSpec(
        id=job.id,
        name=job.name,
        created_at=(attempt.in_progress_at if waits else None) or attempt.requested_at,
        started_at=started if started is not None else completed,
        completed_at=completed,
        conclusion=conclusion if completed is not None else None,
        waits_until=None if job.waits is None else attempt.requested_at + job.waits,
        steps=() if started is None else _steps(job.steps, conclusion),
        labels=job.labels,
        runner=None if started is None else "GitHub Actions 7",
        annotations=job.annotations,
        log=_log(job) if started is not None else None,
        reused=job.reused,
    )


def _skipped(attempt: AttemptBuilder, job: JobBuilder) -> JobSpec:
    moment = attempt.in_progress_at or attempt.requested_at
    return JobSpec(
        id=job.id,
        name=job.name,
        created_at=moment,
        started_at=moment,
        completed_at=moment - 1,  # GitHub ends a skipped job before it starts
        conclusion="skipped",
        labels=(),
        runner=None,
        reused=job.reused,
    )


def _steps(names: tuple[str, ...], conclusion: str) -> tuple[StepSpec, ...]:
    count = len(names)
    ends = "success" if count < 2 else conclusion
    return tuple(
        StepSpec(
            number=number,
            name=name,
            begin=(number - 1) / count,
            end=number / count,
            conclusion=ends if number == max(1, count - 1) else "success",
        )
        for number, name in enumerate(names, 1)
    )


def _log(job: JobBuilder) -> LogSpec:
    if isinstance(job.log, LogSpec):
        return job.log
    return LogSpec(seed=str(job.id), content=job.log)
