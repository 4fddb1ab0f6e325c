"""The objects that GraphQL reads fields from; a function resolves a field with arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from graphql import GraphQLError

from .calls import Call
from .graphql_checks import CheckRun, annotation_node, find_check_runs
from .payloads.pulls import pull_page
from .repository import Repository
from .specs import CommitSpec, PullRequestSpec
from .times import iso

#: https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
MAX_PAGE_SIZE = 100

Node = dict[str, Any]
T = TypeVar("T")


class Root:
    """The resolvers of a query's top-level fields; `connections` counts the resolved lists."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.connections = 0

    def repository(self, _info: object, *, owner: str, name: str) -> Node:
        """Resolve a repository by its present or a former name."""
        world, full = self._call.state.world, f"{owner}/{name}"
        found = world.by_name(full) or world.by_former_name(full)
        if found is None or not self._call.identity.sees(found):
            message = f"Could not resolve to a Repository with the name '{full}'."
            raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
        found.plan_until(self._call.now)
        return {
            "databaseId": found.spec.id,
            "nameWithOwner": found.spec.full_name,
            "object": lambda _info, oid: self._object(found, oid),
        }

    def node(self, _info: object, *, id: str) -> Node:  # noqa: A002 - GitHub's name
        """Resolve a check suite by its node id; the sandbox has no other nodes."""
        check_runs = find_check_runs(self._call, id)
        if check_runs is None:
            message = f"Could not resolve to a node with the global id of '{id}'"
            raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
        return {
            "__typename": "CheckSuite",
            "id": id,
            "checkRuns": lambda _info, first, **_filter: self._connection(
                check_runs, first, self._check_run
            ),
        }

    def rateLimit(self, _info: object) -> Node:  # noqa: N802 - GitHub's name
        """Resolve the rate limit; the cost that it reports is always 1."""
        return {"cost": 1}

    def _object(self, repository: Repository, oid: str) -> Node | None:
        commit = repository.commits.get(oid)
        if commit is None or commit.committed_at > self._call.now:
            return None
        if commit.sha in self._call.state.settings.graphql.missing_shas:
            raise GraphQLError("The additions count for this commit is unavailable.")
        return self._commit(repository, commit)

    def _commit(self, repository: Repository, commit: CommitSpec) -> Node:
        pulls = [repository.pulls[number] for number in commit.pulls if number in repository.pulls]
        user = {"login": commit.author_login} if commit.author_login else None
        return {
            "__typename": "Commit",
            "oid": commit.sha,
            "message": commit.message,
            "additions": commit.additions,
            "deletions": commit.deletions,
            "changedFilesIfAvailable": commit.files,
            "author": {"name": commit.author_name, "user": user},
            "associatedPullRequests": lambda _info, first: self._connection(
                pulls, first, lambda pull: self._pull(repository, pull)
            ),
        }

    def _pull(self, repository: Repository, pull: PullRequestSpec) -> Node:
        head = pull.head_repository
        return {
            "fullDatabaseId": str(pull.id),
            "number": pull.number,
            "title": pull.title,
            "author": {"__typename": "User", "login": pull.author},
            "isDraft": pull.draft,
            "url": pull_page(repository.spec, pull),
            "headRefOid": pull.head_sha,
            "headRefName": pull.head_branch,
            "baseRefName": pull.base_branch,
            "createdAt": iso(pull.created_at),
            "closedAt": None,
            "headRepository": {"nameWithOwner": head} if head else None,
            "labels": lambda _info, first: self._connection(
                pull.labels, first, lambda name: {"name": name}
            ),
        }

    def _check_run(self, run: CheckRun) -> Node:
        return {
            **run.fields,
            "annotations": lambda _info, first: self._connection(
                run.annotations, first, annotation_node
            ),
        }

    def _connection(self, items: Sequence[T], first: int, describe: Callable[[T], Node]) -> Node:
        if not 0 < first <= MAX_PAGE_SIZE:
            message = f"Requesting {first} records is not within the `first` limit of 1 to 100."
            raise GraphQLError(message, extensions={"type": "EXCESSIVE_PAGINATION"})
        self.connections += 1
        return {"nodes": [describe(item) for item in items[:first]], "totalCount": len(items)}
