"""Metrics of commits: many in one GraphQL query, the rest by REST.

https://docs.github.com/en/graphql/reference/objects#commit
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...domain.batches import chunks
from ...domain.commits import Commit
from ...domain.runs import PullRequest
from ...domain.timestamps import parse_timestamp
from ...errors import (
    BadCredentials,
    Fatal,
    GithubUnavailable,
    NotFound,
    RateLimited,
    RequestFailed,
    RequestPaused,
    Skippable,
)
from ...wire.fields import boolean, integer, label_names, mapping, objects, text
from ...wire.payloads import parse_commit
from .lists import ListAnswer, ListRequest
from .repository_client import RepositoryClient, has_unknown_field
from .request import Request

#: A query of 100 commits and their pull requests costs 21 of GraphQL's 5,000 points an hour.
COMMITS_PER_QUERY = 100

#: REST gives 300 files a page and 3,000 in all.
#: https://docs.github.com/en/rest/commits/commits#get-a-commit
FILES_PER_PAGE = 300
MAX_FILES = 3000

#: A fragment: without it, the fields of 100 commits would make a query of 50 KB.
_COMMIT_FIELDS = """fragment commit on Commit {
  oid message additions deletions changedFilesIfAvailable
  author { name user { login } }
  associatedPullRequests(first: 20) {
    nodes {
      fullDatabaseId number url headRefOid headRefName baseRefName
      createdAt closedAt headRepository { databaseId nameWithOwner } %s
    }
  }
}"""

_PULL_DETAILS = "title author { login } isDraft labels(first: 20) { nodes { name } }"

#: Features of GraphQL that a credential may be refused, or an older server may lack.
_COMMITS_FEATURE = "commits"
_PULL_DETAILS_FEATURE = "details of pull requests"

_QUERY = """query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { %s }
}
%s"""


def fetch_commits(client: RepositoryClient, shas: Sequence[str]) -> dict[str, Commit]:
    """Fetch commits by GraphQL; those that it does not return are missing."""
    commits: dict[str, Commit] = {}
    for chunk in chunks(shas, COMMITS_PER_QUERY):
        commits.update(_by_graphql(client, chunk))
    return commits


def _by_graphql(client: RepositoryClient, shas: Sequence[str]) -> dict[str, Commit]:
    """Fetch a chunk, halving it where GitHub fails; what is missing is left to REST.

    One huge commit makes a whole query time out: only the half that holds it fails again.
    """
    if not shas or not client.may_use(_COMMITS_FEATURE):
        return {}
    try:
        answer = _fetch_answer(client, shas)
    except (RateLimited, RequestPaused, BadCredentials):
        # REST has a budget of its own, and finds out which credential reads the repository.
        return {}
    except (Fatal, Skippable):
        client.note_refused(_COMMITS_FEATURE)
        return {}
    except GithubUnavailable:
        answer = {}
    if has_unknown_field(answer):
        client.note_refused(_COMMITS_FEATURE, is_unsupported=True)
        return {}
    objects_by_alias = mapping(mapping(answer.get("data")).get("repository"))
    if not objects_by_alias:
        return _by_halves(client, shas)
    nodes = (mapping(objects_by_alias.get(f"c{index}")) for index in range(len(shas)))
    commits = (_parse_commit(node) for node in nodes)
    return {commit.commit_sha: commit for commit in commits if commit is not None}


def _fetch_answer(client: RepositoryClient, shas: Sequence[str]) -> Mapping[str, Any]:
    """Fetch commits with details of their pull requests; an older server may lack those."""
    if client.may_use(_PULL_DETAILS_FEATURE):
        answer = mapping(_query_commits(client, shas, _PULL_DETAILS))
        if not has_unknown_field(answer):
            return answer
        client.note_refused(_PULL_DETAILS_FEATURE, is_unsupported=True)
    return mapping(_query_commits(client, shas, ""))


def fetch_commit(client: RepositoryClient, sha: str) -> Commit:
    """Fetch one commit by REST; if GitHub does not have it, its fields are None."""
    request = ListRequest(
        request=Request.to("/repos/{}/commits/{}", client.repository, sha),
        items_field="files",
        max_items=FILES_PER_PAGE,
        default_page_size=FILES_PER_PAGE,
        is_field_optional=True,
    )
    try:
        answer = client.fetch_list(request)
    except NotFound:
        return Commit(commit_sha=sha)
    commit = parse_commit(answer.first_page)
    files = commit.files_changed_count
    if files is not None:
        files = _count_files(client, request, answer)
    return replace(commit, commit_sha=sha, files_changed_count=files)


def _count_files(client: RepositoryClient, request: ListRequest, first: ListAnswer) -> int | None:
    """Count a commit's files; None for too many, or where GitHub answers the first page only."""
    counted, has_next = len(first.items or ()), first.has_next
    if has_next:
        rest = MAX_FILES - FILES_PER_PAGE
        try:
            later = client.fetch_list(replace(request, offset=FILES_PER_PAGE, max_items=rest))
        except RequestFailed:
            return None
        counted, has_next = counted + len(later.items or ()), later.has_next
    return None if has_next or counted >= MAX_FILES else counted


def _by_halves(client: RepositoryClient, shas: Sequence[str]) -> dict[str, Commit]:
    middle = len(shas) // 2
    if middle == 0:
        return {}
    first = _by_graphql(client, shas[:middle])
    if not first and middle > 1:
        # Nothing in a whole half: GraphQL itself fails, so the other half is not requested.
        return {}
    return {**first, **_by_graphql(client, shas[middle:])}


def _query_commits(client: RepositoryClient, shas: Sequence[str], pull_details: str) -> object:
    commits = " ".join(
        f'c{index}: object(oid: "{sha}") {{ ...commit }}' for index, sha in enumerate(shas)
    )
    owner, _, name = client.repository.partition("/")
    query = _QUERY % (commits, _COMMIT_FIELDS % pull_details)
    return client.query(query, {"owner": owner, "name": name})


def _parse_commit(node: Mapping[str, Any]) -> Commit | None:
    """Parse one commit of the answer; None where it is incomplete and left to REST."""
    sha, files = text(node.get("oid")), integer(node.get("changedFilesIfAvailable"))
    if sha is None or files is None or integer(node.get("additions")) is None:
        return None
    author = mapping(node.get("author"))
    pulls = objects(mapping(node.get("associatedPullRequests")).get("nodes"))
    return Commit(
        commit_sha=sha,
        commit_message=text(node.get("message")),
        commit_author=text(mapping(author.get("user")).get("login")) or text(author.get("name")),
        files_changed_count=files,
        additions=integer(node.get("additions")),
        deletions=integer(node.get("deletions")),
        pull_requests=tuple(pull for pull in map(_parse_pull, pulls) if pull is not None),
    )


def _parse_pull(node: Mapping[str, Any]) -> PullRequest | None:
    pull_id, number = integer(node.get("fullDatabaseId")), integer(node.get("number"))
    if pull_id is None or number is None:
        return None
    return PullRequest(
        id=pull_id,
        number=number,
        html_url=text(node.get("url")),
        head_sha=text(node.get("headRefOid")),
        base_ref=text(node.get("baseRefName")),
        head_ref=text(node.get("headRefName")),
        head_repository=text(mapping(node.get("headRepository")).get("nameWithOwner")),
        title=text(node.get("title")),
        author=text(mapping(node.get("author")).get("login")),
        draft=boolean(node.get("isDraft")),
        labels=label_names(mapping(node.get("labels")).get("nodes")),
        head_repository_id=integer(mapping(node.get("headRepository")).get("databaseId")),
        opened_at=parse_timestamp(node.get("createdAt")),
        closed_at=parse_timestamp(node.get("closedAt")),
    )
