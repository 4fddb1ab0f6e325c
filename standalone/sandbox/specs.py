"""Specs: the whole lifetime of every run, fixed when the run is created.

`timeline` computes the status at a point in time. If `recorded` has an object that GitHub once
answered, that object is served as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .times import UnixSeconds

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """One step; `begin` and `end` are fractions of a job's duration, so that jobs share specs."""

    number: int
    name: str
    begin: float
    end: float
    conclusion: str = "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSpec:
    """A job's log: `content`, or lines made from `seed`, then filler until it has `giant_bytes`."""

    seed: str
    lines_per_step: int = 8
    bom: bool = True
    newline: str = "\n"
    broken_utf8: bool = False
    giant_bytes: int = 0
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationSpec:
    """One failure among the annotations of a check run; the runner's have the path `.github`."""

    message: str
    path: str = ".github"
    line: int = 1
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSpec:
    """One artifact of a run, uploaded when the run began."""

    id: int
    name: str
    size_in_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job of one attempt; without a `log`, it wrote none, or its log expired (`log_expired`).

    It is waiting until `waits_until`, for example for an approval. A `reused` one ran in an earlier
    attempt. If `annotations` is None, it has those that the runner writes for its conclusion.
    """

    id: int
    name: str
    created_at: UnixSeconds
    started_at: UnixSeconds | None
    completed_at: UnixSeconds | None
    conclusion: str | None
    waits_until: UnixSeconds | None = None
    steps: tuple[StepSpec, ...] = ()
    labels: tuple[str, ...] = ("ubuntu-latest",)
    runner: str | None = "GitHub Actions 1"
    log: LogSpec | None = None
    reused: bool = False
    log_expired: bool = False
    annotations: tuple[AnnotationSpec, ...] | None = None
    recorded: Json | None = field(default=None, hash=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSpec:
    """One attempt of a run: requested, then perhaps running, then perhaps completed."""

    number: int
    requested_at: UnixSeconds
    in_progress_at: UnixSeconds | None
    completed_at: UnixSeconds | None
    conclusion: str | None
    triggering_actor: str
    first_status: str = "queued"
    jobs: tuple[JobSpec, ...] = ()
    annotations: tuple[AnnotationSpec, ...] | None = None
    recorded: Json | None = field(default=None, hash=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSpec:
    """One workflow file."""

    id: int
    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One run with all its attempts, first to last; `touched_at` only changes `updated_at`."""

    id: int
    number: int
    workflow: WorkflowSpec
    event: str
    head_branch: str | None
    head_sha: str
    actor: str
    display_title: str
    attempts: tuple[AttemptSpec, ...]
    pull_numbers: tuple[int, ...] = ()
    head_repository: str | None = None
    referenced_workflows: tuple[str, ...] = ()
    artifacts: tuple[ArtifactSpec, ...] = ()
    touched_at: tuple[UnixSeconds, ...] = ()

    @property
    def created_at(self) -> UnixSeconds:
        """Return when the run was created; a re-run does not change this time."""
        return self.attempts[0].requested_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitSpec:
    """One commit; `files` is how many it changes, `pulls` are the numbers of its pull requests."""

    sha: str
    message: str
    author_name: str
    author_email: str
    author_login: str | None
    committed_at: UnixSeconds
    additions: int
    deletions: int
    files: int
    parents: tuple[str, ...] = ()
    pulls: tuple[int, ...] = ()
    recorded: Json | None = field(default=None, hash=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestSpec:
    """One open pull request; it comes from a fork if `head_repository` is another repository."""

    id: int
    number: int
    title: str
    author: str
    head_branch: str
    head_sha: str
    base_branch: str
    head_repository: str | None
    created_at: UnixSeconds
    draft: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSpec:
    """One webhook of a repository."""

    id: int
    url: str
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySpec:
    """The identity of a repository; its runs are in `Repository`.

    `first_owner` is the owner's original name, if the owner was renamed.
    """

    id: int
    full_name: str
    created_at: UnixSeconds
    private: bool = False
    archived: bool = False
    former_names: tuple[str, ...] = ()
    first_owner: str | None = None
    retention_days: int = 90
    workflows: tuple[WorkflowSpec, ...] = ()

    @property
    def owner(self) -> str:
        """Return the part before the slash."""
        return self.full_name.split("/")[0]

    @property
    def name(self) -> str:
        """Return the part after the slash."""
        return self.full_name.split("/")[1]
