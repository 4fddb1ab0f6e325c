"""GraphQL: many commits at once, its own budget, and the ways in which it fails."""

from __future__ import annotations

import pytest
from support.world_builder import WorldBuilder

from standalone.sandbox.settings import GraphqlFaults, TokenSpec

FIELDS = """
... on Commit { oid message additions deletions changedFilesIfAvailable
  author { name user { login } }
  associatedPullRequests(first: 5) { nodes { fullDatabaseId number url headRefOid
    headRefName baseRefName headRepository { nameWithOwner } } } }
"""


def world() -> WorldBuilder:
    """Build a world with two commits and a fork's pull request."""
    return (
        WorldBuilder()
        .repository("octo/api")
        .commit("aa11", additions=7, files=2)
        .commit("bb22", login=None)
        .pull(5, "aa11", fork="fan/api")
    )


def ask(api, *shas, fields=FIELDS):
    """Ask for commits."""
    aliases = " ".join(f'c{n}: object(oid: "{sha}") {{ {fields} }}' for n, sha in enumerate(shas))
    query = f'query {{ repository(owner: "octo", name: "api") {{ {aliases} }} }}'
    return api.post("/graphql", {"query": query})


def test_commits_are_answered_by_alias(serve):
    """Statistics, author and pull requests come in one request; what is unknown is null."""
    api = serve(world())
    answer = ask(api, "aa11", "bb22", "cc33")
    repository = answer.json()["data"]["repository"]
    assert repository["c0"]["additions"] == 7
    assert repository["c0"]["associatedPullRequests"]["nodes"][0] == {
        "fullDatabaseId": "2000000005",
        "number": 5,
        "url": "https://github.com/octo/api/pull/5",
        "headRefOid": "aa11",
        "headRefName": "change-5",
        "baseRefName": "main",
        "headRepository": {"nameWithOwner": "fan/api"},
    }
    assert repository["c1"]["author"]["user"] is None
    assert repository["c2"] is None
    assert answer.headers["X-RateLimit-Resource"] == "graphql"


def test_points_have_a_budget_of_their_own(serve):
    """A query costs a point, REST is not charged; at the end comes 200 with an error."""
    api = serve(world(), tokens=(TokenSpec(graphql_limit=1),))
    assert ask(api, "aa11").headers["X-RateLimit-Remaining"] == "0"
    limited = ask(api, "aa11")
    assert limited.status_code == 200
    assert limited.json()["errors"][0]["type"] == "RATE_LIMITED"
    assert api.get("/rate_limit").json()["resources"]["core"]["used"] == 0


def test_a_whole_answer_can_fail(serve):
    """One commit spoils the query, until it is asked for without."""
    api = serve(world(), graphql=GraphqlFaults(failing_shas=frozenset({"bb22"})))
    failed = ask(api, "aa11", "bb22").json()
    assert failed["data"] is None
    assert failed["errors"]
    assert ask(api, "aa11").json()["data"]["repository"]["c0"]["oid"] == "aa11"


def test_an_answer_can_be_partial(serve):
    """One commit is null with an error, the other is there."""
    api = serve(world(), graphql=GraphqlFaults(missing_shas=frozenset({"bb22"})))
    partial = ask(api, "aa11", "bb22").json()
    assert partial["data"]["repository"]["c0"]["oid"] == "aa11"
    assert partial["data"]["repository"]["c1"] is None
    assert partial["errors"][0]["path"] == ["repository", "c1"]


def test_it_can_be_absent(serve):
    """An old server has no GraphQL."""
    api = serve(world(), graphql=GraphqlFaults(absent=True))
    assert ask(api, "aa11").status_code == 404


def test_a_repository_is_named_with_what_the_query_costs(serve):
    """tap-github asks so before it begins; the benchmarks compare it."""
    query = """query {
      repo0: repository(name: "api", owner: "octo") { nameWithOwner databaseId } rateLimit { cost }
    }"""
    data = serve(world()).post("/graphql", {"query": query}).json()["data"]
    assert data["repo0"]["nameWithOwner"] == "octo/api"
    assert data["repo0"]["databaseId"] > 0
    assert data["rateLimit"] == {"cost": 1}


@pytest.mark.parametrize("first", [0, 101])
def test_a_page_has_at_most_a_hundred_items(serve, first):
    """GitHub refuses to list more of them."""
    fields = FIELDS.replace("first: 5", f"first: {first}")
    answer = ask(serve(world()), "aa11", fields=fields).json()
    assert [error["type"] for error in answer["errors"]] == ["EXCESSIVE_PAGINATION"]
    assert answer["data"]["repository"]["c0"]["associatedPullRequests"] is None


def test_an_unknown_repository_is_an_error(serve):
    """It is named in the errors, and null in the data."""
    api = serve(world())
    query = '{ repository(owner: "octo", name: "no") { object(oid: "aa11") { oid } } }'
    body = api.post("/graphql", {"query": query}).json()
    assert body["data"] == {"repository": None}
    assert body["errors"][0]["type"] == "NOT_FOUND"


def test_it_is_reached_below_the_prefix_of_an_enterprise_server(serve):
    """GHES serves it below /api."""
    api = serve(world())
    assert api.post("/api/graphql", {"query": "{ __typename }"}).json() == {
        "data": {"__typename": "Query"}
    }


def test_nobody_may_ask(serve):
    """GraphQL needs a token."""
    api = serve(world())
    assert api.post("/graphql", {"query": "{ __typename }"}, token=None).status_code == 401
