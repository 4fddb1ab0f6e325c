"""What a run's commit changed, and the pull request that triggered the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .runs import PullRequest, WorkflowRun


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitMetrics:
    """What one commit changed. It never changes for a SHA, so it is cached without expiry.

    ``pull_requests`` are those GitHub associates with the commit, forks included.
    What GitHub does not return is None.
    """

    commit_sha: str
    commit_message: str | None = None
    commit_author: str | None = None
    files_changed_count: int | None = None
    additions: int | None = None
    deletions: int | None = None
    pull_requests: tuple[PullRequest, ...] = ()


def triggering_pull_request(
    run: WorkflowRun, associated: Iterable[PullRequest]
) -> PullRequest | None:
    """Choose the pull request that triggered the run; None for any other kind of run.

    A run's own list is empty for forks and may name pull requests of other repositories; the head
    of a pull request moves on. So the one whose head is the run's commit wins, then one that is
    the only candidate; where several could be meant, none is named.
    """
    if not run.is_for_pull_request:
        return None
    own = _distinct(pull for pull in run.pull_requests if _is_of(pull, run.repository))
    others = _distinct(pull for pull in associated if _is_of(pull, run.repository))
    candidates = _at_head(own, run) or _at_head(others, run) or own or others
    return candidates[0] if len(candidates) == 1 else None


def _at_head(pulls: Iterable[PullRequest], run: WorkflowRun) -> list[PullRequest]:
    return [pull for pull in pulls if run.head_sha is not None and pull.head_sha == run.head_sha]


def _distinct(pulls: Iterable[PullRequest]) -> list[PullRequest]:
    return list({pull.id: pull for pull in pulls}.values())


def _is_of(pull: PullRequest, repository: str) -> bool:
    """Tell whether a pull request belongs to the repository; those without a URL may."""
    return pull.html_url is None or f"/{repository.lower()}/pull" in pull.html_url.lower()
