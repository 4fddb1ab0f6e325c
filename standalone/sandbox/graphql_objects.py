"""The objects that GraphQL's fields are read from: a method where a field takes arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from .calls import Call
from .graphql_checks import CheckRun, annotation_node, find_check_runs
from .limits import Budget
from .payloads.pulls import pull_page
from .repository import Repository
from .specs import CommitSpec, PullRequestSpec
from .times import iso

LARGEST_INT = 2**31 - 1
Node = dict[str, Any]


class Root:
    """The resolvers of the query's own fields, which count what they cost."""

    def __init__(self, call: Call, budget: Budget) -> None:
        self._call = call
        self._budget = budget
        self.connections = 0

    def repository(self, _info: object, *, owner: str, name: str, **_options: object) -> Node:
        """Resolve a repository by its present or a former name."""
        world, full = self._call.state.world, f"{owner}/{name}"
        found = world.by_name(full) or world.by_former_name(full)
        if found is None or not self._call.identity.sees(found):
            message = f"Could not resolve to a Repository with the name '{full}'."
            raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
        found.plan_until(self._call.now)
        return {
            "__typename": "Repository",
            "databaseId": found.spec.id,
            "name": found.spec.name,
            "nameWithOwner": found.spec.full_name,
            "object": lambda _info, **args: self._object(found, args.get("oid")),
        }

    def node(self, _info: object, *, id: str) -> Node | None:  # noqa: A002 - GitHub's name
        """Resolve a check suite by its node id; the sandbox has no other nodes."""
        suite = find_check_runs(self._call, id)
        if suite is None:
            message = f"Could not resolve to a node with the global id of '{id}'"
            raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
        return {
            "__typename": "CheckSuite",
            "id": id,
            "checkRuns": lambda _info, **args: self._check_runs(suite, args),
        }

    def rateLimit(self, _info: object, **_options: object) -> Node:  # noqa: N802 - GitHub's name
        """Resolve the token's budget, this query included."""
        return {
            "cost": 1,
            "nodeCount": self.connections,
            "limit": self._budget.limit,
            "remaining": self._budget.remaining,
            "used": self._budget.used,
            "resetAt": iso(self._budget.resets_at),
        }

    def viewer(self, _info: object) -> Node:
        """Resolve whose token it is."""
        return {"login": self._call.identity.login, "databaseId": 1}

    def _object(self, repository: Repository, oid: str | None) -> Node | None:
        commit = repository.commits.get(oid or "")
        if commit is None or commit.authored_at > self._call.now:
            return None
        if commit.sha in self._call.state.settings.graphql.missing_shas:
            raise GraphQLError("The additions count for this commit is unavailable.")
        return self._commit(repository, commit)

    def _commit(self, repository: Repository, commit: CommitSpec) -> Node:
        when = iso(commit.authored_at)
        user = {"login": commit.author_login} if commit.author_login else None
        return {
            "__typename": "Commit",
            "oid": commit.sha,
            "abbreviatedOid": commit.sha[:7],
            "message": commit.message,
            "messageHeadline": commit.message.split("\n", 1)[0],
            "additions": commit.additions,
            "deletions": commit.deletions,
            "changedFiles": commit.files,
            "changedFilesIfAvailable": commit.files,
            "committedDate": when,
            "author": {
                "name": commit.author_name,
                "email": commit.author_email,
                "date": when,
                "user": user,
            },
            "associatedPullRequests": lambda _info, **args: self._pulls(repository, commit, args),
        }

    def _pulls(self, repository: Repository, commit: CommitSpec, args: Node) -> Node:
        wanted = args.get("first") or args.get("last")
        if wanted is None or not 0 < wanted <= 100:
            message = "You must provide a `first` or `last` value between 1 and 100."
            raise GraphQLError(message, extensions={"type": "MISSING_PAGINATION_BOUNDARIES"})
        self.connections += 1
        known = [repository.pulls[number] for number in commit.pulls if number in repository.pulls]
        nodes = [
            {
                **_pull(repository, pull),
                "labels": lambda _info, p=pull, **args: self._labels(p, args),
            }
            for pull in known[:wanted]
        ]
        return {"nodes": nodes, "totalCount": len(known)}

    def _check_runs(self, suite: Sequence[CheckRun], args: Node) -> Node:
        self.connections += 1
        nodes = [
            {
                "__typename": "CheckRun",
                **run.fields,
                "annotations": lambda _info, r=run, **inner: self._annotations(r, inner),
            }
            for run in suite[: args.get("first", 0)]
        ]
        return {"nodes": nodes, "totalCount": len(suite)}

    def _annotations(self, run: CheckRun, args: Node) -> Node:
        self.connections += 1
        nodes = [annotation_node(each) for each in run.annotations[: args.get("first", 0)]]
        return {"nodes": nodes, "totalCount": len(run.annotations)}

    def _labels(self, pull: PullRequestSpec, args: Node) -> Node:
        self.connections += 1
        nodes = [{"name": name} for name in pull.labels[: args.get("first", 0)]]
        return {"nodes": nodes, "totalCount": len(pull.labels)}


def _pull(repository: Repository, pull: PullRequestSpec) -> Node:
    head = pull.head_repository
    return {
        "databaseId": pull.id if pull.id <= LARGEST_INT else None,
        "fullDatabaseId": str(pull.id),
        "number": pull.number,
        "title": pull.title,
        "author": {"__typename": "User", "login": pull.author},
        "isDraft": pull.draft,
        "url": pull_page(repository.spec, pull),
        "headRefOid": pull.head_sha,
        "headRefName": pull.head_branch,
        "baseRefName": pull.base_branch,
        "state": "OPEN" if pull.closed_at is None else "CLOSED",
        "createdAt": iso(pull.created_at),
        "closedAt": None if pull.closed_at is None else iso(pull.closed_at),
        "headRepository": None
        if head is None
        else {"nameWithOwner": head, "name": head.split("/")[1]},
    }
