"""What commits changed: many in one query, and each of them in the end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.errors import GithubUnavailable, RateLimited
from ingest.services.sources.discover_sources import discover_at_start
from ingest.services.sources.record_credentials import record_refusals_and_limits
from support.world import GENEROUS
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import GraphqlFaults, Limits


def sha(number: int) -> str:
    return f"{number:040x}"


def fetch_all(github, shas):
    """Fetch commits in one query, and what it leaves out one by one."""
    found = dict(github.fetch_commits("octo/api", shas))
    return found | {
        each: github.fetch_commit("octo/api", each) for each in shas if each not in found
    }


@pytest.fixture
def fetch(stage):
    def open_stage(count: int, *, limits=GENEROUS.limits, files=3, **graphql):
        world = WorldBuilder().repository("octo/api")
        for number in range(count):
            world.commit(sha(number), additions=number, files=files, login=None)
        settings = replace(GENEROUS, graphql=GraphqlFaults(**graphql), limits=limits)
        here = stage(world, at=10, settings=settings)
        shas = [sha(number) for number in range(count)]
        return here, lambda: fetch_all(here.context.github, shas)

    return open_stage


def test_many_commits_are_asked_for_in_one_query(fetch):
    """A hundred a query, each with all its fields."""
    here, ask = fetch(130)
    found = ask()
    assert [found[sha(number)].additions for number in range(130)] == list(range(130))
    assert found[sha(1)].files_changed_count == 3
    assert found[sha(1)].commit_author == "Mona Lisa"
    assert here.requests("graphql") == 2
    assert here.requests("get_commit") == 0


def test_a_query_reports_of_pull_requests_in_full(stage):
    """Who wrote it, whether it is a draft, and its labels."""
    world = WorldBuilder().repository("octo/api")
    world.pull(5, sha(1), draft=True, labels=["bug", "ci"])
    here = stage(world, at=10)
    [pull] = here.context.github.fetch_commits("octo/api", [sha(1)])[sha(1)].pull_requests
    assert (pull.title, pull.author, pull.draft) == ("Change 5", "octocat", True)
    assert pull.labels == ("bug", "ci")


def test_an_older_server_is_asked_for_what_it_has(stage):
    """Commits and the identity of pull requests matter more than titles; it is asked once."""
    world = WorldBuilder().repository("octo/api").pull(5, sha(1)).pull(6, sha(2))
    settings = replace(GENEROUS, graphql=GraphqlFaults(lacks_pull_details=True))
    here = stage(world, at=10, settings=settings)
    for number in (1, 2):
        found = here.context.github.fetch_commits("octo/api", [sha(number)])
        [pull] = found[sha(number)].pull_requests
        assert (pull.number, pull.title, pull.labels) == (number + 4, None, None)
    assert here.requests("graphql") == 3
    assert here.requests("get_commit") == 0


def test_without_a_token_commits_are_read_by_rest(stage):
    """GraphQL requires one: its 401 would be a rejection of all requests."""
    here = stage(WorldBuilder().repository("octo/api").commit(sha(1), additions=7), at=10)
    github = here.join(tokens=()).github
    assert fetch_all(github, [sha(1)])[sha(1)].additions == 7
    assert here.requests("graphql") == 0


@pytest.mark.parametrize(("faults", "asked"), [("lacks_pull_details", 2), ("absent", 1)])
def test_what_a_server_lacks_is_asked_for_once_a_day_by_all_processes(stage, faults, asked):
    """On Anvil each tick is a process. What is merely refused is asked for once an hour."""
    world = WorldBuilder().repository("octo/api").pull(5, sha(1))
    settings = replace(GENEROUS, graphql=GraphqlFaults(**{faults: True}))
    here = stage(world, at=10, settings=settings)
    here.context.github.fetch_commits("octo/api", [sha(1)])
    assert here.requests("graphql") == asked
    for hours in (0, 0.5, 1, 23):
        record_refusals_and_limits(here.context)
        here.advance(hours * 3600)
        before = here.requests("graphql")
        here.context = here.join()
        discover_at_start(here.context)
        for _ in range(3):
            here.context.github.fetch_commits("octo/api", [sha(1)])
        is_over = hours == 23 or (faults == "absent" and hours == 1)
        again = 3 if faults == "lacks_pull_details" else 0
        assert here.requests("graphql") == before + again + is_over


def test_without_graphql_every_commit_is_asked_for_alone(fetch):
    """A server without it is asked once, not at every tick."""
    here, ask = fetch(5, absent=True)
    assert len(ask()) == 5
    ask()
    assert here.requests("graphql") == 1
    assert here.requests("get_commit") == 10


@pytest.mark.parametrize("bad", [[0], [7], [15], [3, 12], [0, 1], [0, 1, 2, 3, 4, 5, 6, 7]])
def test_a_commit_that_breaks_the_query_is_left_to_rest(fetch, bad):
    """Halving finds it, and no commit is missing."""
    here, ask = fetch(16, failing_shas=frozenset(map(sha, bad)))
    found = ask()
    assert sorted(commit.additions for commit in found.values()) == list(range(16))
    assert here.requests("graphql") < 16


def test_a_commit_that_graphql_leaves_null_is_asked_for_by_rest(fetch):
    """The others are taken as they are."""
    here, ask = fetch(4, missing_shas=frozenset([sha(2)]))
    assert len(ask()) == 4
    assert here.requests("get_commit") == 1


def test_a_commit_that_nobody_knows_has_no_metrics(stage):
    """It is an answer, not an error: nothing is invented."""
    here = stage(WorldBuilder().repository("octo/api"), at=10)
    [commit] = fetch_all(here.context.github, ["e" * 40]).values()
    assert (commit.commit_sha, commit.additions, commit.files_changed_count) == (
        "e" * 40,
        None,
        None,
    )


@pytest.mark.parametrize(("files", "counted"), [(299, 299), (300, 300), (650, 650), (3000, None)])
def test_files_are_counted_over_all_pages(fetch, files, counted):
    """Where GitHub's own end of the list hides the rest, the count is unknown."""
    _, ask = fetch(1, files=files, absent=True)
    assert ask()[sha(0)].files_changed_count == counted


def test_a_commit_whose_later_files_are_not_answered_keeps_its_sums(fetch):
    """GitHub may fail to build the pages of a large change."""
    here, ask = fetch(8, files=650, absent=True)
    here.fail(Fault(path="/commits/", query="page=", do="error", status=500))
    found = ask()[sha(7)]
    assert (found.additions, found.files_changed_count) == (7, None)


def test_a_query_that_fails_leaves_its_commits_to_rest(fetch):
    """What REST cannot answer either is raised."""
    here, ask = fetch(3)
    here.fail(Fault(path="/graphql|/commits/", do="error", status=502))
    assert here.context.github.fetch_commits("octo/api", [sha(0)]) == {}
    with pytest.raises(GithubUnavailable):
        ask()


def test_a_limit_of_graphql_alone_leaves_the_commits_to_rest(fetch):
    """REST has an hour of its own."""
    here, ask = fetch(3)
    client = here.context.github._tokens.client_for("octo/api")
    from datetime import timedelta

    now = here.clock.now()
    refusal = {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int((now + timedelta(hours=1)).timestamp())),
        "x-ratelimit-resource": "graphql",
    }
    with pytest.raises(RateLimited):
        client.rate_limiter.update(403, refusal, "rate limit", now=now)
    assert len(ask()) == 3
    assert here.requests("graphql") == 0


def test_a_limit_of_everything_is_raised(fetch):
    """Neither GraphQL nor REST is asked again while it lasts."""
    here, ask = fetch(3, limits=Limits(grace=5))
    here.fail(Fault(path="/graphql", do="secondary", seconds=60, count=1))
    with pytest.raises(RateLimited):
        ask()
    assert here.requests("get_commit") == 0
