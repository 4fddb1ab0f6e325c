"""Workflow runs, their attempts, and what belongs to them.

Fields with ``compare=False`` only help to find a run's pull request: no message has them, and what
differs in them alone has not changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .codec import KeepsUnknownFields
from .jobs import COMPLETED, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest(KeepsUnknownFields):
    """A pull request as a run refers to it.

    A run names it without title, author, draft, labels and times; these come from lists of pull
    requests.
    """

    id: int
    number: int
    html_url: str | None
    head_sha: str | None
    base_ref: str | None
    head_ref: str | None = None
    head_repository: str | None = None
    title: str | None = None
    author: str | None = None
    draft: bool | None = None
    labels: tuple[str, ...] | None = None
    head_repository_id: int | None = field(default=None, compare=False)
    opened_at: datetime | None = field(default=None, compare=False)
    closed_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedWorkflow(KeepsUnknownFields):
    """A reusable workflow that a run calls, at its commit; messages have the same fields."""

    path: str | None
    sha: str | None
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact(KeepsUnknownFields):
    """One artifact of a run; messages have the same fields.

    https://docs.github.com/en/rest/actions/artifacts#list-workflow-run-artifacts
    """

    id: int
    name: str | None
    size_in_bytes: int | None
    digest: str | None
    expires_at: datetime | None
    archive_download_url: str | None


@dataclass(frozen=True, slots=True, order=True)
class AttemptKey:
    """The identity of one attempt of one run: the unit that is published and recorded."""

    repository: str
    run_id: int
    run_attempt: int

    def __str__(self) -> str:
        return f"{self.repository} run {self.run_id} attempt {self.run_attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun(KeepsUnknownFields):
    """One attempt of a workflow run as GitHub showed it at one moment.

    Status and conclusion are open strings: GitHub adds new ones without notice.
    """

    repository: str
    run_id: int
    run_attempt: int
    run_number: int | None
    workflow_id: int | None
    workflow_name: str | None
    workflow_path: str | None
    status: str
    conclusion: str | None
    created_at: datetime | None
    updated_at: datetime | None
    run_started_at: datetime | None
    head_branch: str | None
    head_sha: str | None
    event: str | None
    html_url: str | None
    actor: str | None
    triggering_actor: str | None
    pull_requests: tuple[PullRequest, ...]
    head_repository: str | None = None
    head_repository_id: int | None = field(default=None, compare=False)
    display_title: str | None = None
    previous_attempt_url: str | None = None
    referenced_workflows: tuple[ReferencedWorkflow, ...] | None = None
    check_suite_id: int | None = None
    check_suite_node_id: str | None = None

    @property
    def key(self) -> AttemptKey:
        """Return the identity of the attempt."""
        return AttemptKey(self.repository, self.run_id, self.run_attempt)

    @property
    def is_completed(self) -> bool:
        """Return whether the attempt has ended."""
        return self.status == COMPLETED

    @property
    def is_for_pull_request(self) -> bool:
        """Return whether a pull request triggered the run; other runs may list some too."""
        return (self.event or "").startswith("pull_request")


def completed_at(run: WorkflowRun, jobs: Iterable[Job]) -> datetime | None:
    """Return when an attempt ended: when its last job ended, or else its last update.

    None before the end. GitHub's runs have no such time, and ``updated_at`` can change long after
    the end. Jobs that a partial re-run took over from the attempt before ended earlier and are
    ignored.
    """
    if not run.is_completed:
        return None
    ends = [job.completed_at for job in jobs if job.completed_at is not None]
    latest = max(ends, default=None)
    if latest is not None and (run.run_started_at is None or latest >= run.run_started_at):
        return latest
    return run.updated_at
