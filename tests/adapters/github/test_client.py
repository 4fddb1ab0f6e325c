"""One credential's requests: conditional, counted, refused in words, and never repeated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from ingest.adapters.github.request import Request
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    GithubUnavailable,
    NotFound,
    RateLimited,
    RepositoryUnavailable,
    RequestFailed,
)
from support.world import GENEROUS, REPOSITORY
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import GraphqlFaults, Limits

RUNS = Request.to("/repos/{}/actions/runs", REPOSITORY, per_page=100)


def client_of(world):
    return world.github._tokens.client_for(REPOSITORY)


@pytest.fixture
def here(stage):
    return stage(WorldBuilder().run(seconds=60).job("test"), at=100)


def test_an_unchanged_answer_is_free_and_counted_so(here):
    """The validator of one answer makes the next one free."""
    client = client_of(here.context)
    first = client.get(RUNS)
    second = client.get(replace(RUNS, validator=first.validator))
    assert (first.is_unchanged, second.is_unchanged) == (False, True)
    assert here.counters.read("github_requests.charged") == 1
    assert here.counters.read("github_requests.free") == 1


def test_another_credentials_validator_is_not_sent(stage):
    """ETags are a token's own."""
    tokens = (GENEROUS.tokens[0], replace(GENEROUS.tokens[0], value="second"))
    here = stage(WorldBuilder().run(), at=100, settings=replace(GENEROUS, tokens=tokens))
    other = client_of(here.join(tokens=["second"]))
    first = client_of(here.context).get(RUNS)
    assert not other.get(replace(RUNS, validator=first.validator)).is_unchanged


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, BadCredentials),
        (403, AccessDenied),
        (451, RepositoryUnavailable),
        (404, RepositoryUnavailable),
        (409, NotFound),
        (410, RepositoryUnavailable),
        (422, NotFound),
        (429, RateLimited),
        (500, GithubUnavailable),
        (502, GithubUnavailable),
        (503, GithubUnavailable),
    ],
)
def test_every_refusal_is_raised_after_one_request_without_a_pause(here, status, error):
    """A client neither repeats nor sleeps."""
    here.fail(Fault(path="/actions/runs", do="error", status=status))
    with pytest.raises(error):
        client_of(here.context).get(RUNS)
    assert here.requests("list_runs") == 1
    assert here.clock.sleeps == []


@pytest.mark.parametrize("fault", [{"do": "reset"}, {"do": "cut", "fraction": 0.3}])
def test_a_broken_connection_is_raised_after_one_request(here, fault):
    """Whoever asked decides when to ask again."""
    here.fail(Fault(path="/actions/runs", **fault))
    with pytest.raises(GithubUnavailable):
        client_of(here.context).get(RUNS)
    assert here.requests("list_runs") == 1


def test_a_server_that_is_not_there_is_unavailable(stage):
    """The address is in the error."""
    here = stage(WorldBuilder(), api_url="http://127.0.0.1:9")
    with pytest.raises(GithubUnavailable, match=r"127\.0\.0\.1:9"):
        client_of(here.context).get(RUNS)


def test_a_page_for_people_is_no_answer(here):
    """HTML with a 200 is a failure that may pass."""
    here.fail(Fault(path="/actions/runs", do="error", status=200, html=True))
    with pytest.raises(RequestFailed, match="DOCTYPE"):
        client_of(here.context).get(RUNS).json()


def test_no_error_contains_the_token(stage):
    """Errors and logs contain no secret."""
    here = stage(WorldBuilder(), tokens=("ghp_secret",))
    with pytest.raises(BadCredentials) as refused:
        client_of(here.context).get(RUNS)
    assert "ghp_secret" not in str(refused.value)
    assert "ghp_secret" not in client_of(here.context).name


def test_what_a_limit_forbids_is_not_sent(here):
    """Until the time that GitHub named, every thread is refused without a request."""
    client = client_of(here.context)
    here.fail(Fault(path="/actions/runs", do="secondary", seconds=30, count=1))
    with pytest.raises(RateLimited):
        client.get(RUNS)
    with ThreadPoolExecutor(8) as pool:
        refused = [pool.submit(client.get, RUNS).exception() for _ in range(20)]
    assert all(isinstance(error, RateLimited) for error in refused)
    assert here.requests("list_runs") == 1
    here.advance(30)
    assert client.get(RUNS).status == 200
    assert here.server.stats()["violations"] == 0


def test_an_exhausted_graphql_budget_is_a_limit_though_it_answers_200(stage):
    """REST goes on meanwhile."""
    token = replace(GENEROUS.tokens[0], graphql_limit=1)
    settings = replace(GENEROUS, tokens=(token,), limits=Limits(grace=5))
    here = stage(WorldBuilder().run(), at=100, settings=settings)
    client = client_of(here.context)
    client_of(here.join()).query("query { viewer { login } }", {})  # another process uses it up
    with pytest.raises(RateLimited):
        client.query("query { viewer { login } }", {})
    assert client.get(RUNS).status == 200


def test_many_threads_each_get_their_own_answers(stage):
    """No answer is swapped with another thread's."""
    world = WorldBuilder()
    for number in range(16):
        world.run(seconds=60, created=number)
    here = stage(world, at=600)
    client = client_of(here.context)
    ids = [run["data"]["run_id"] for run in (here.poll(), here.runs())[1]]

    def fetch(run_id):
        request = Request.to("/repos/{}/actions/runs/{}", REPOSITORY, run_id)
        return client.get(request).json()["id"] == run_id

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(fetch, ids * 10))


def test_a_graphql_query_is_not_slowed_down(stage):
    """Queries follow each other without a pause."""
    here = stage(WorldBuilder(), settings=replace(GENEROUS, graphql=GraphqlFaults()))
    client = client_of(here.context)
    for _ in range(4):
        client.query("query { __typename }", {})
    assert here.requests("graphql") == 4
    assert here.clock.sleeps == []
