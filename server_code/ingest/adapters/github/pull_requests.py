"""The pull requests of a branch or a commit.

https://docs.github.com/en/rest/pulls/pulls#list-pull-requests
https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from ...domain.runs import PullRequest
from ...wire.payloads import parse_pull_requests
from .client import GithubClient, Request, Response

#: Questions whose last answer is kept.
MAX_ANSWERS = 1000


def branch_pulls_request(repository: str, head: str) -> Request:
    """Ask for the open and closed pull requests of a branch, given as ``OWNER:BRANCH``."""
    return Request.to("/repos/{}/pulls", repository, head=head, state="all", per_page=100)


def commit_pulls_request(repository: str, sha: str) -> Request:
    """Ask for the pull requests that hold a commit, forks included."""
    return Request.to("/repos/{}/commits/{}/pulls", repository, sha, per_page=100)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and when GitHub gave it by its own clock."""

    validator: str | None = None
    answered_at: datetime | None = None
    pulls: tuple[PullRequest, ...] = ()


class PullRequestReader:
    """A reader of pull requests with a bounded cache. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, _Kept] = OrderedDict()

    def fetch(
        self, client: GithubClient, request: Request, *, since: datetime | None
    ) -> tuple[PullRequest, ...]:
        """Fetch pull requests; an answer that GitHub has given after ``since`` is not repeated."""
        question = f"{client.name} {request.path} {request.parameters.get('head')}"
        with self._lock:
            kept = self._answers.get(question, _Kept())
        if since is not None and kept.answered_at is not None and kept.answered_at > since:
            return kept.pulls
        response = client.get(replace(request, validator=kept.validator))
        pulls = kept.pulls if response.is_unchanged else parse_pull_requests(response.json())
        with self._lock:
            self._answers[question] = _Kept(response.validator, _answered_at(response), pulls)
            self._answers.move_to_end(question)
            while len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
        return pulls


def _answered_at(response: Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
