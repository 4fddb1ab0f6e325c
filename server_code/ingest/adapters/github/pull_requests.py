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
from ...ports import PullQuery
from ...wire.payloads import parse_pull_requests
from .lists import ListRequest
from .repository_client import RepositoryClient
from .request import Request

#: Branches and commits whose last answer is kept.
MAX_ANSWERS = 1000


@dataclass(frozen=True, slots=True)
class _CachedAnswer:
    """An answer, and when GitHub gave it by its own clock."""

    validator: str | None = None
    answered_at: datetime | None = None
    pulls: tuple[PullRequest, ...] = ()


class PullRequestReader:
    """A reader of pull requests with a bounded cache. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, _CachedAnswer] = OrderedDict()

    def fetch(
        self, client: RepositoryClient, query: PullQuery, *, cached_after: datetime | None
    ) -> tuple[PullRequest, ...]:
        """Fetch pull requests, or return a cached answer that GitHub gave after ``cached_after``.

        The pull requests of a commit may come from forks.
        """
        if query.sha is None:
            request = Request.to("/repos/{}/pulls", client.repository, head=query.head, state="all")
        else:
            request = Request.to("/repos/{}/commits/{}/pulls", client.repository, query.sha)
        key = f"{client.credential_name} {request.path} {request.parameters.get('head')}"
        with self._lock:
            cached = self._answers.get(key, _CachedAnswer())
        if (
            cached_after is not None
            and cached.answered_at is not None
            and cached.answered_at > cached_after
        ):
            return cached.pulls
        wanted = ListRequest(request=request, items_field=None)
        answer = client.fetch_list(wanted, cached.validator)
        pulls = cached.pulls if answer.items is None else parse_pull_requests(list(answer.items))
        with self._lock:
            self._answers[key] = _CachedAnswer(answer.validator, answer.answered_at, pulls)
            self._answers.move_to_end(key)
            while len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
        return pulls
