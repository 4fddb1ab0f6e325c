"""The pull requests of a branch or a commit.

https://docs.github.com/en/rest/pulls/pulls#list-pull-requests
https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from ...domain.runs import PullRequest
from ...wire.payloads import parse_pull_requests
from .lists import ListReader, ListRequest
from .repository_client import RepositoryClient
from .request import Request

#: Questions whose last answer is kept.
MAX_ANSWERS = 1000


def branch_pulls_request(repository: str, head: str) -> Request:
    """Build the request for all pull requests of a branch, given as ``OWNER:BRANCH``."""
    return Request.to("/repos/{}/pulls", repository, head=head, state="all")


def commit_pulls_request(repository: str, sha: str) -> Request:
    """Build the request for the pull requests that hold a commit, forks included."""
    return Request.to("/repos/{}/commits/{}/pulls", repository, sha)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and when GitHub gave it by its own clock."""

    validator: str | None = None
    answered_at: datetime | None = None
    pulls: tuple[PullRequest, ...] = ()


class PullRequestReader:
    """A reader of pull requests with a bounded cache. Safe for many threads."""

    def __init__(self, lists: ListReader) -> None:
        self._lists = lists
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, _Kept] = OrderedDict()

    def fetch(
        self, client: RepositoryClient, request: Request, *, since: datetime | None
    ) -> tuple[PullRequest, ...]:
        """Fetch pull requests; an answer that GitHub has given after ``since`` is not repeated."""
        query = f"{client.credential_name} {request.path} {request.parameters.get('head')}"
        with self._lock:
            kept = self._answers.get(query, _Kept())
        if since is not None and kept.answered_at is not None and kept.answered_at > since:
            return kept.pulls
        wanted = ListRequest(request=request, key=None)
        answer = self._lists.fetch(client, wanted, kept.validator)
        pulls = kept.pulls if answer.items is None else parse_pull_requests(list(answer.items))
        with self._lock:
            self._answers[query] = _Kept(answer.validator, answer.answered_at, pulls)
            self._answers.move_to_end(query)
            while len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
        return pulls
