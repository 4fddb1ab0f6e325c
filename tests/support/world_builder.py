"""Build an exact world by hand, for tests: every time is seconds after the world's start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from standalone.sandbox.rng import seeded_sha
from standalone.sandbox.specs import (
    AnnotationSpec,
    ArtifactSpec,
    CommitSpec,
    HookSpec,
    LogSpec,
    PullRequestSpec,
    RepositorySpec,
    WorkflowSpec,
)
from standalone.sandbox.times import DAY, UnixSeconds, parse_time
from standalone.sandbox.world import World

from .run_builders import AttemptBuilder, JobBuilder, RepositoryBuilder, RunBuilder

START = "2026-01-05T08:00:00Z"
FIRST_REPOSITORY = 500_000_000
FIRST_RUN = 17_000_000_000
FIRST_JOB = 90_000_000_000
STEPS = ("Set up job", "Run actions/checkout@v4", "Run tests", "Complete job")


class WorldBuilder:
    """A builder of worlds; each call continues from the one before."""

    def __init__(self, start: str = START) -> None:
        self.start = parse_time(start)
        self._repositories: list[RepositoryBuilder] = []
        self._run_count = 0
        self._job_count = 0

    def repository(
        self,
        full_name: str,
        *,
        id: int | None = None,  # noqa: A002 - named as in the answer
        private: bool = False,
        archived: bool = False,
        former_names: Iterable[str] = (),
        retention_days: int = 90,
    ) -> WorldBuilder:
        """Add a repository; what follows happens in it."""
        number = FIRST_REPOSITORY + len(self._repositories) if id is None else id
        spec = RepositorySpec(
            id=number,
            full_name=full_name,
            created_at=self.start - 365 * DAY,
            private=private,
            archived=archived,
            former_names=tuple(former_names),
            retention_days=retention_days,
        )
        self._repositories.append(RepositoryBuilder(spec=spec))
        return self

    def run(
        self,
        conclusion: str | None = "success",
        *,
        id: int | None = None,  # noqa: A002 - named as in the answer
        created: float = 0,
        starts_after: float | None = 5,
        seconds: float | None = 60,
        workflow: str = "CI",
        event: str = "push",
        branch: str | None = "main",
        sha: str | None = None,
        actor: str = "octocat",
        title: str = "Update the build",
        pulls: Iterable[int] = (),
        fork: str | None = None,
        first_status: str = "queued",
        touched: Iterable[float] = (),
    ) -> WorldBuilder:
        """Add a run; without `seconds` it never completes, without `starts_after` never starts."""
        self._run_count += 1
        run_id = FIRST_RUN + self._run_count if id is None else id
        builder = RunBuilder(
            id=run_id,
            workflow=self._workflow(workflow),
            event=event,
            branch=branch,
            sha=sha or seeded_sha("builder", run_id),
            actor=actor,
            title=title,
            pulls=tuple(pulls),
            fork=fork,
            touched=tuple(self.start + touch for touch in touched),
        )
        self._here.runs.append(builder)
        if builder.sha not in self._here.commits:
            self.commit(builder.sha, pulls=pulls, at=created)
        builder.attempts.append(
            self._attempt(conclusion, created, starts_after, seconds, actor, first_status)
        )
        return self

    def calls(self, *references: str) -> WorldBuilder:
        """Name the reusable workflows that the run calls, as `owner/name/path@ref`."""
        self._here.runs[-1].references = references
        return self

    def rerun(
        self,
        conclusion: str | None = "success",
        *,
        at: float,
        starts_after: float | None = 5,
        seconds: float | None = 60,
    ) -> WorldBuilder:
        """Add the next attempt of the run, requested `at`; jobs that follow belong to it."""
        attempt = self._attempt(conclusion, at, starts_after, seconds, "octocat", "queued")
        self._here.runs[-1].attempts.append(attempt)
        return self

    def job(
        self,
        name: str = "build",
        conclusion: str | None = None,
        *,
        id: int | None = None,  # noqa: A002 - named as in the answer
        starts_after: float = 0,
        seconds: float | None = None,
        steps: Iterable[str] = STEPS,
        labels: Iterable[str] = ("ubuntu-latest",),
        log: bytes | LogSpec | None = None,
        waits: float | None = None,
        reused: bool = False,
        stays_queued: bool = False,
    ) -> WorldBuilder:
        """Add a job to the attempt; what is not said of it comes from the attempt."""
        self._job_count += 1
        self._here.runs[-1].attempts[-1].jobs.append(
            JobBuilder(
                id=FIRST_JOB + self._job_count if id is None else id,
                name=name,
                conclusion=conclusion,
                starts_after=starts_after,
                seconds=seconds,
                steps=tuple(steps),
                labels=tuple(labels),
                log=log,
                waits=waits,
                reused=reused,
                stays_queued=stays_queued,
            )
        )
        return self

    def annotated(self, *annotations: AnnotationSpec) -> WorldBuilder:
        """Set the annotations of the last job; of the attempt where it has no job."""
        attempt = self._here.runs[-1].attempts[-1]
        (attempt.jobs[-1] if attempt.jobs else attempt).annotations = annotations
        return self

    def artifact(self, name: str, size_in_bytes: int = 1000) -> WorldBuilder:
        """Add an artifact to the run."""
        run = self._here.runs[-1]
        number = run.id * 100 + len(run.artifacts)
        artifact = ArtifactSpec(id=number, name=name, size_in_bytes=size_in_bytes)
        run.artifacts = (*run.artifacts, artifact)
        return self

    def jobs(self, count: int, name: str = "test") -> WorldBuilder:
        """Add the jobs of a matrix."""
        for number in range(1, count + 1):
            self.job(f"{name} ({number})")
        return self

    def commit(
        self,
        sha: str,
        *,
        files: int = 3,
        additions: int = 20,
        login: str | None = "octocat",
        pulls: Iterable[int] = (),
        at: float = 0,
    ) -> WorldBuilder:
        """Set what a commit changed."""
        self._here.commits[sha] = CommitSpec(
            sha=sha,
            message="Update the build",
            author_name="Mona Lisa",
            author_email="mona@example.com",
            author_login=login,
            committed_at=self.start + at,
            additions=additions,
            deletions=5,
            files=files,
            parents=(seeded_sha("parent", sha),),
            pulls=tuple(pulls),
        )
        return self

    def pull(
        self,
        number: int,
        sha: str,
        *,
        fork: str | None = None,
        branch: str | None = None,
        base: str = "main",
        is_linked: bool = True,
        draft: bool = False,
        labels: Iterable[str] = (),
    ) -> WorldBuilder:
        """Add a pull request whose head is `sha`, in a fork where one is named.

        One that is not linked is missing among the commit's pull requests, as for many forks.
        """
        here = self._here
        here.pulls.append(
            PullRequestSpec(
                id=2_000_000_000 + number,
                number=number,
                title=f"Change {number}",
                author="octocat",
                head_branch=branch or f"change-{number}",
                head_sha=sha,
                base_branch=base,
                head_repository=fork or here.spec.full_name,
                created_at=self.start,
                draft=draft,
                labels=tuple(labels),
            )
        )
        if sha not in here.commits:
            self.commit(sha)
        known = here.commits[sha]
        if is_linked:
            here.commits[sha] = replace(known, pulls=(*known.pulls, number))
        return self

    def hook(self, url: str, *, secret: str = "") -> WorldBuilder:
        """Send the repository's webhooks to an address."""
        number = self._here.spec.id * 10 + len(self._here.hooks)
        self._here.hooks.append(HookSpec(id=number, url=url, secret=secret))
        return self

    def build(self) -> World:
        """Return the world."""
        return World([builder.finish() for builder in self._repositories], seed=0)

    @property
    def _here(self) -> RepositoryBuilder:
        if not self._repositories:
            self.repository("octo/api")
        return self._repositories[-1]

    def _workflow(self, name: str) -> WorkflowSpec:
        file = name.lower().replace(" ", "-")
        number = 80_000_000 + int(seeded_sha(self._here.spec.id, name)[:5], 16)
        return WorkflowSpec(id=number, name=name, path=f".github/workflows/{file}.yml")

    def _attempt(  # noqa: PLR0917 - a builder takes as many values as there are
        self,
        conclusion: str | None,
        at: float,
        starts_after: float | None,
        seconds: float | None,
        actor: str,
        first_status: str,
    ) -> AttemptBuilder:
        requested: UnixSeconds = self.start + at
        in_progress_at = None if starts_after is None else requested + starts_after
        begin = requested if in_progress_at is None else in_progress_at
        completed_at = None if seconds is None else begin + seconds
        return AttemptBuilder(
            requested_at=requested,
            in_progress_at=in_progress_at,
            completed_at=completed_at,
            conclusion=conclusion,
            actor=actor,
            first_status=first_status,
        )
