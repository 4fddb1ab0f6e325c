"""What commits changed: many in one GraphQL query, the rest by REST.

https://docs.github.com/en/graphql/reference/objects#commit
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...domain.code_metrics import CommitMetrics
from ...domain.runs import PullRequest
from ...errors import (
    Fatal,
    MalformedPayload,
    NotFound,
    RateLimited,
    SourceUnavailable,
)
from ...wire.fields import integer, mapping, objects, text
from ...wire.payloads import parse_commit
from .client import GithubClient, Request

#: 100 commits with their pull requests cost one point of GraphQL's 5,000 an hour.
COMMITS_PER_QUERY = 100

#: REST gives 300 files a page and 3,000 in all, unless asked for smaller pages; the Link header
#: tells of more. https://docs.github.com/en/rest/commits/commits#get-a-commit
MAX_FILES = 3000

_COMMIT_FIELDS = """{ ... on Commit {
  oid message additions deletions changedFilesIfAvailable
  author { name user { login } }
  associatedPullRequests(first: 20) {
    nodes {
      fullDatabaseId number url headRefOid headRefName baseRefName
      headRepository { nameWithOwner }
    }
  }
} }"""

_COMMIT = "/repos/{}/commits/{}"

_QUERY = """query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { %s }
}"""


class CommitReader:
    """Read commits' metrics; remembers which credentials have no GraphQL."""

    def __init__(self) -> None:
        self._without_graphql: set[str] = set()

    def fetch_many(
        self,
        client: GithubClient,
        repository: str,
        shas: Sequence[str],
    ) -> dict[str, CommitMetrics]:
        """Fetch commits by GraphQL; those that it does not return are missing."""
        found: dict[str, CommitMetrics] = {}
        for start in range(0, len(shas), COMMITS_PER_QUERY):
            chunk = shas[start : start + COMMITS_PER_QUERY]
            found.update(self._by_graphql(client, repository, chunk))
        return found

    def _by_graphql(
        self, client: GithubClient, repository: str, shas: Sequence[str]
    ) -> dict[str, CommitMetrics]:
        """Ask for a chunk, halving it where GitHub fails; what it cannot tell is left to REST.

        One huge commit makes a whole query time out, so the halves find it.
        """
        if client.name in self._without_graphql or not shas:
            return {}
        try:
            answer = mapping(_ask(client, repository, shas))
        except RateLimited:
            # GraphQL has a budget of its own; while it is used up, REST's is there.
            return {}
        except (Fatal, NotFound):
            self._without_graphql.add(client.name)
            return {}
        except (SourceUnavailable, MalformedPayload):
            return self._by_halves(client, repository, shas)
        commits = mapping(mapping(answer.get("data")).get("repository"))
        if not commits:
            return self._by_halves(client, repository, shas)
        read = (_read(mapping(commits.get(f"c{place}"))) for place in range(len(shas)))
        return {commit.commit_sha: commit for commit in read if commit is not None}

    def _by_halves(
        self, client: GithubClient, repository: str, shas: Sequence[str]
    ) -> dict[str, CommitMetrics]:
        middle = len(shas) // 2
        if middle == 0:
            return {}
        first = self._by_graphql(client, repository, shas[:middle])
        if not first and middle > 1:
            # Nothing in a whole half: GraphQL itself is in trouble, so no more of it is asked.
            return {}
        return {**first, **self._by_graphql(client, repository, shas[middle:])}


def _ask(client: GithubClient, repository: str, shas: Sequence[str]) -> object:
    aliases = " ".join(
        f'c{place}: object(oid: "{sha}") {_COMMIT_FIELDS}' for place, sha in enumerate(shas)
    )
    owner, _, name = repository.partition("/")
    return client.query(_QUERY % aliases, {"owner": owner, "name": name})


def _read(node: Mapping[str, Any]) -> CommitMetrics | None:
    """Read one commit of the answer; None where it is incomplete, so that REST is asked."""
    sha, files = text(node.get("oid")), integer(node.get("changedFilesIfAvailable"))
    if sha is None or files is None or integer(node.get("additions")) is None:
        return None
    author = mapping(node.get("author"))
    pulls = objects(mapping(node.get("associatedPullRequests")).get("nodes"))
    return CommitMetrics(
        commit_sha=sha,
        commit_message=text(node.get("message")),
        commit_author=text(mapping(author.get("user")).get("login")) or text(author.get("name")),
        files_changed_count=files,
        additions=integer(node.get("additions")),
        deletions=integer(node.get("deletions")),
        pull_requests=tuple(pull for pull in map(_read_pull, pulls) if pull is not None),
    )


def _read_pull(node: Mapping[str, Any]) -> PullRequest | None:
    identity, number = integer(node.get("fullDatabaseId")), integer(node.get("number"))
    if identity is None or number is None:
        return None
    return PullRequest(
        id=identity,
        number=number,
        html_url=text(node.get("url")),
        head_sha=text(node.get("headRefOid")),
        base_ref=text(node.get("baseRefName")),
        head_ref=text(node.get("headRefName")),
        head_repository=text(mapping(node.get("headRepository")).get("nameWithOwner")),
    )


def fetch_commit(client: GithubClient, repository: str, sha: str) -> CommitMetrics:
    """Fetch one commit by REST; all fields of one that GitHub does not know are None."""
    try:
        response = client.get(Request.to(_COMMIT, repository, sha))
    except NotFound:
        return CommitMetrics(commit_sha=sha)
    commit = parse_commit(mapping(response.json()))
    files = commit.files_changed_count
    if files is not None and response.has_next:
        files = _count_more_files(client, repository, sha, files)
    return replace(commit, commit_sha=sha, files_changed_count=files)


def _count_more_files(client: GithubClient, repository: str, sha: str, counted: int) -> int | None:
    """Count files on the pages after the first; None where GitHub's end of the list hides some."""
    total, page, has_next = counted, 1, True
    while has_next and total < MAX_FILES:
        page += 1
        response = client.get(Request.to(_COMMIT, repository, sha, page=page))
        total += len(objects(mapping(response.json()).get("files")))
        has_next = response.has_next
    return None if total >= MAX_FILES else total
