"""What a run's commit changed, and the pull request that triggered the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .codec import KeepsUnknownFields
from .runs import PullRequest, WorkflowRun

#: How long after it was closed a pull request may have triggered a run.
CLOSING_TIME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit(KeepsUnknownFields):
    """A commit, as it is published. It never changes for a SHA, so it is cached without expiry.

    ``pull_requests`` are those GitHub associates with the commit, forks included.
    ``commit_author``: a login, else a name. What GitHub does not return is None.
    """

    commit_sha: str
    commit_message: str | None = None
    commit_author: str | None = None
    files_changed_count: int | None = None
    additions: int | None = None
    deletions: int | None = None
    pull_requests: tuple[PullRequest, ...] = ()

    @property
    def is_missing(self) -> bool:
        """Return whether GitHub does not have the commit, or did not have it yet."""
        return self.commit_message is None and self.additions is None


def triggering_pull_request(
    run: WorkflowRun, associated: Iterable[PullRequest]
) -> PullRequest | None:
    """Return the pull request that triggered the run; None if it is unknown or there is none.

    If the run lists exactly one pull request, it is that one. The list is empty for forks and may
    name several. Then the pull requests of the commit and of the branch are compared with the head
    repository and head branch of the run. If several match, the one with the head commit of the run
    is taken, else the one that was open. If several remain, None is returned.
    """
    if not run.is_for_pull_request:
        return None
    own = _distinct(pull for pull in run.pull_requests if _belongs_to(pull, run.repository))
    if len(own) == 1:
        return own[0]
    pulls = _distinct(pull for pull in (*own, *associated) if _belongs_to(pull, run.repository))
    candidates = [pull for pull in pulls if _has_head_of(run, pull)]
    if len(candidates) > 1:
        at_head = [pull for pull in candidates if run.head_sha and pull.head_sha == run.head_sha]
        candidates = at_head or [each for each in candidates if _was_open(each, run.created_at)]
    return candidates[0] if len(candidates) == 1 else None


def _has_head_of(run: WorkflowRun, pull: PullRequest) -> bool:
    """Return whether a pull request has the head of the run; a missing value matches any.

    A fork keeps its id when it or its owner is renamed.
    """
    if run.head_repository_id is not None and pull.head_repository_id is not None:
        is_same_repository = run.head_repository_id == pull.head_repository_id
    else:
        names = (run.head_repository, pull.head_repository)
        is_same_repository = _may_equal(*(name and name.lower() for name in names))
    return is_same_repository and _may_equal(run.head_branch, pull.head_ref)


def _was_open(pull: PullRequest, moment: datetime | None) -> bool:
    """Return whether a pull request was open at a moment, or was closed just before.

    Closing a pull request triggers runs as well.
    """
    if pull.opened_at is None or moment is None or moment < pull.opened_at:
        return False
    return pull.closed_at is None or moment <= pull.closed_at + CLOSING_TIME


def _may_equal(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _distinct(pulls: Iterable[PullRequest]) -> list[PullRequest]:
    """Return each pull request once; the last copy of one has the most fields."""
    return list({pull.id: pull for pull in pulls}.values())


def _belongs_to(pull: PullRequest, repository: str) -> bool:
    """Return whether a pull request belongs to the repository, or has no URL to compare."""
    return pull.html_url is None or f"/{repository.lower()}/pull" in pull.html_url.lower()
