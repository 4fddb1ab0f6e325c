"""Each repository is read with a credential that may; one that may not holds nothing up."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from itertools import chain, repeat

import pytest
from ingest.adapters.github import GithubActions, open_token_pool
from ingest.adapters.github.credentials import StaticToken
from ingest.domain.counters import Counters
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    NotFound,
    RateLimited,
    RepositoryUnavailable,
    StateUnavailable,
)
from ingest.ports import RunQuery
from ingest.settings import GithubSettings, Secret
from support.stub_github import StillClock, stub_github

OWNERS = ("octo", "other", "third")
NAMES = [f"{owner}/{number}" for owner in OWNERS for number in range(20)]
NOT_FOUND = (404, {}, {"message": "Not Found"})
REJECTED = (401, {}, {"message": "Bad"})
SUSPENDED = (403, {}, {"message": "Your account was suspended"})
RUNS = (200, {"ETag": '"1"'}, {"total_count": 0, "workflow_runs": []})


class Github:
    """A GitHub on which each token reads the repositories of some owners."""

    def __init__(self, readers):
        self.readers = readers
        self.wrong = Counter()
        self.right = Counter()
        self.refusal = NOT_FOUND
        self.rejection = REJECTED

    def __call__(self, asked):
        _, _, owner, name, *_ = asked.path.split("/")
        if owner in self.readers.get(asked.token, ()):
            self.right[asked.token] += 1
            return RUNS
        self.wrong[asked.token, f"{owner}/{name}"] += 1
        return self.refusal if asked.token in self.readers else self.rejection


def actions_of(github, tokens, clock=None):
    settings = GithubSettings(api_url=github.url, tokens=tuple(map(Secret, tokens)))
    counters = Counters()
    pool = open_token_pool(settings, clock=clock or StillClock(), counters=counters)
    return GithubActions(pool, counters)


def test_every_repository_is_read_by_a_token_that_may():
    """One token for each owner; what a token may not read it is asked for once an hour."""
    world = Github({"a": {"octo"}, "b": {"other"}, "c": {"third"}})
    clock = StillClock()
    with stub_github(world) as github:
        actions = actions_of(github, "abc", clock)
        for _ in range(3):
            for name in NAMES:
                actions.fetch_runs(name, RunQuery())
    assert max(world.wrong.values()) == 1
    assert sum(world.right.values()) == 3 * len(NAMES)
    # An owner that refused a token once is asked with the others from then on.
    assert sum(world.wrong.values()) <= 2 * len(OWNERS)


@pytest.mark.parametrize(
    "refusal",
    [
        NOT_FOUND,
        (403, {"X-GitHub-SSO": "required"}, {"message": "SAML"}),
        (451, {}, {"message": ""}),
    ],
)
def test_what_no_token_reads_is_refused_without_asking_for_an_hour(refusal):
    """Then it is asked again, and read where a right was given meanwhile."""
    world = Github({"a": set(), "b": set()})
    world.refusal = refusal
    clock = StillClock()
    with stub_github(world) as github:
        actions = actions_of(github, "ab", clock)
        for _ in range(5):
            with pytest.raises((RepositoryUnavailable, AccessDenied)):
                actions.fetch_runs("octo/1", RunQuery())
        assert sum(world.wrong.values()) == 2
        world.readers["b"] = {"octo"}
        clock.sleep(3601)
        assert actions.fetch_runs("octo/1", RunQuery()).value is not None


def test_what_another_process_learned_spares_requests():
    """A credential that is listed the repository anew is asked before the hour is over."""
    world = Github({"a": {"octo"}, "b": set()})
    clock = StillClock()
    with stub_github(world) as github:
        actions = actions_of(github, "ab", clock)
        for name in NAMES[:3]:
            actions.fetch_runs(name, RunQuery())
        with pytest.raises(RepositoryUnavailable):
            actions.fetch_runs("other/1", RunQuery())
        with suppress(StateUnavailable), actions._tokens.access.take_changes():
            raise StateUnavailable("They are not saved.")
        with actions._tokens.access.take_changes() as learned:
            pass
        with actions._tokens.access.take_changes() as nothing:
            assert nothing == {}
        asked = sum(world.wrong.values())
        later = actions_of(github, "ab", clock)
        for name, changes in learned.items():
            later._tokens.restore_refusals(
                name, [each for each in changes.values() if each is not None]
            )
        for name in NAMES[:3]:
            later.fetch_runs(name, RunQuery())
        assert sum(world.wrong.values()) == asked
        with pytest.raises(RepositoryUnavailable, match="404"):
            later.fetch_runs("other/1", RunQuery())
        assert sum(world.wrong.values()) == asked
        world.readers["b"] = {"other"}
        for client in later._tokens.clients():
            later._tokens.access.note_listed_repositories(client.name, "other", [])
            later._tokens.access.note_listed_repositories(client.name, "other", ["Other/1"])
        assert later.fetch_runs("other/1", RunQuery()).value is not None


@pytest.mark.parametrize("rejection", [REJECTED, SUSPENDED])
def test_a_credential_that_another_process_saw_rejected_is_not_reported_again(rejection):
    """Nor asked before its pause is over."""
    world = Github({"a": {"octo"}})
    world.rejection = rejection
    clock = StillClock()
    with stub_github(world) as github:
        first = actions_of(github, "ax", clock)
        for name in NAMES[:20]:
            first.fetch_runs(name, RunQuery())
        [rejected] = first.pop_rejected_credentials()
        with first._tokens.access.take_changes() as changes:
            learned = changes[rejected]
        asked = sum(world.wrong.values())
        later = actions_of(github, "ax", clock)
        later._tokens.restore_refusals(
            rejected, [each for each in learned.values() if each is not None]
        )
        for pause in (0, 61):
            clock.sleep(pause)
            for number in range(20):
                later.fetch_runs(f"octo/{pause}-{number}", RunQuery())
            assert later.pop_rejected_credentials() == {}
            assert sum(world.wrong.values()) == asked + (pause > 0)


def test_a_token_that_loses_a_right_is_replaced_by_another():
    """The repository moves, and stays there."""
    world = Github({"a": {"octo"}, "b": {"octo"}})
    with stub_github(world) as github:
        actions = actions_of(github, "ab")
        actions.fetch_runs("octo/1", RunQuery())
        loser = github.asked[0].token
        world.readers[loser] = set()
        for _ in range(3):
            assert actions.fetch_runs("octo/1", RunQuery()).value is not None
        assert world.wrong[loser, "octo/1"] == 1


@pytest.mark.parametrize("tokens", ["a", "ab"])
@pytest.mark.parametrize(
    "refusal",
    [
        NOT_FOUND,
        (403, {"X-GitHub-SSO": "required"}, {"message": "SAML"}),
        (403, {}, {"message": "the `octo` organization has an IP allow list enabled"}),
        (451, {}, {"message": ""}),
    ],
)
def test_a_token_that_read_before_is_asked_again_after_pauses_of_up_to_an_hour(tokens, refusal):
    """Its refusal may pass; each error says when the next request is sent, and none is between."""
    world = Github({"a": {"octo"}, "b": set()})
    world.refusal = refusal
    clock = StillClock()
    with stub_github(world) as github:
        actions = actions_of(github, tokens, clock)
        actions.fetch_runs("octo/1", RunQuery())
        world.readers["a"] = set()
        for seconds in (15, 60, 300, 3600, 3600):
            before = world.wrong["a", "octo/1"]
            for passed in (0, seconds / 2, seconds / 2 - 0.1):
                clock.sleep(passed)
                with pytest.raises((RepositoryUnavailable, AccessDenied)) as raised:
                    actions.fetch_runs("octo/1", RunQuery())
                with pytest.raises((RepositoryUnavailable, AccessDenied)):
                    actions.fetch_run("octo/1", 7)
            assert world.wrong["a", "octo/1"] == before + 1
            assert raised.value.retry_at == clock.now() + timedelta(seconds=0.1)
            clock.sleep(0.1)
        world.readers["a"] = {"octo"}
        assert actions.fetch_runs("octo/1", RunQuery()).value is not None
        assert world.wrong["b", "octo/1"] <= 3  # once an hour


def test_a_right_that_one_token_lacks_is_taken_from_another():
    """One reads the runs, the other one single runs: both are asked for what they may alone."""
    wrong = Counter()

    def answer(asked):
        kind = "list" if asked.path.endswith("/actions/runs") else "run"
        if {"a": "list", "b": "run"}[asked.token] == kind:
            return RUNS if kind == "list" else (200, {}, {"id": 7})
        wrong[asked.token, kind] += 1
        return 403, {}, {"message": "Resource not accessible by personal access token"}

    with stub_github(answer) as github:
        actions = actions_of(github, "ab")
        for _ in range(4):
            assert actions.fetch_runs("octo/1", RunQuery()).value is not None
            assert actions.fetch_run("octo/1", 7).value is not None
    assert max(wrong.values()) == 1


@pytest.mark.parametrize("missing", [404, 410])
def test_a_right_that_one_token_lacks_is_known_where_another_finds_no_item(missing):
    """A deleted run is asked for again and again, and each time of both tokens."""
    refused = Counter()

    def answer(asked):
        if asked.path.endswith("/actions/runs"):
            return RUNS
        if asked.token == "b":
            return missing, {}, {"message": "Not Found"}
        refused[asked.token] += 1
        return 403, {}, {"message": "Resource not accessible by personal access token"}

    with stub_github(answer) as github:
        actions = actions_of(github, "ab")
        actions._tokens.access.pin(StaticToken("a").name, "octo/1")
        for _ in range(3):
            with pytest.raises(NotFound):
                actions.fetch_run("octo/1", 7)
    assert refused == {"a": 1}


def test_an_installation_that_is_found_during_a_request_waits_for_the_next(monkeypatch):
    """Another thread lists the installations of an App, which is a credential more."""

    def answer(asked):
        if asked.path.endswith("/actions/runs") or asked.token == "b":
            return RUNS if asked.path.endswith("/actions/runs") else (200, {}, {"id": 7})
        return 403, {}, {"message": "Resource not accessible by integration"}

    with stub_github(answer) as github:
        actions = actions_of(github, "ab")
        pool = actions._tokens
        found, both = StaticToken("a").name, pool.clients()
        pool.access.pin(found, "octo/1")
        listed = chain([[each for each in both if each.name != found]], repeat(both))
        monkeypatch.setattr(pool, "clients", lambda: next(listed))
        assert actions.fetch_run("octo/1", 7).value is not None


def test_a_rejected_token_stops_no_other_and_is_reported_once():
    """Everything is read by the other one."""
    world = Github({"good": set(OWNERS)})
    with stub_github(world) as github:
        actions = actions_of(github, ["good", "expired"])
        for name in NAMES:
            actions.fetch_runs(name, RunQuery())
        [rejected] = actions.pop_rejected_credentials().values()
        assert isinstance(rejected, BadCredentials)
        assert "GITHUB_TOKEN" in rejected.remedy
        assert actions.pop_rejected_credentials() == {}
    assert sum(world.wrong.values()) <= 1


def test_an_expired_token_is_called_so():
    """GitHub says when a token ends with every answer while it accepts it."""
    clock = StillClock()
    ends = clock.now() + timedelta(days=1)

    def answer(_):
        if clock.now() >= ends:
            return 401, {}, {"message": "Bad credentials"}
        headers = {"GitHub-Authentication-Token-Expiration": f"{ends:%Y-%m-%d %H:%M:%S UTC}"}
        return 200, headers, {"total_count": 0, "workflow_runs": []}

    with stub_github(answer) as github:
        actions = actions_of(github, "a", clock)
        actions.fetch_runs("octo/1", RunQuery())
        clock.sleep(24 * 3600)
        with pytest.raises(
            BadCredentials, match=f"^The token expired on {ends:%Y-%m-%d}"
        ) as raised:
            actions.fetch_runs("octo/1", RunQuery())
    assert raised.value.remedy == "Create a new token and set GITHUB_TOKEN."


def test_repositories_of_a_rejected_token_are_not_reported_as_missing():
    """The others answer 404 for them, which says nothing while their reader is rejected."""
    world = Github({"a": {"octo"}, "b": {"other"}})
    clock = StillClock()
    with stub_github(world) as github:
        actions = actions_of(github, "ab", clock)
        for name in NAMES[:25]:
            actions.fetch_runs(name, RunQuery())
        del world.readers["a"]
        for _ in range(3):
            for name in NAMES[:20]:
                with pytest.raises(BadCredentials):
                    actions.fetch_runs(name, RunQuery())
            clock.sleep(61)
        assert len(actions.pop_rejected_credentials()) == 1
        world.readers["b"] = set()
        with pytest.raises(RepositoryUnavailable):
            actions.fetch_runs("other/1", RunQuery())


def test_a_rejected_token_that_was_never_listed_a_repository_is_not_the_reason():
    """Its list of the owner shows that it cannot read the repository."""
    world = Github({"a": {"octo"}, "b": {"other"}})
    with stub_github(world) as github:
        actions = actions_of(github, "ab")
        actions.fetch_runs("octo/1", RunQuery())
        [reader] = [
            client.name
            for client in actions._tokens.clients()
            if actions._tokens.access.has_read(client.name, "octo/1")
        ]
        actions._tokens.access.note_listed_repositories(reader, "third", ["third/1"])
        del world.readers["a"]
        for name in ("octo/1", "third/1"):
            with pytest.raises(BadCredentials):
                actions.fetch_runs(name, RunQuery())
        with pytest.raises(RepositoryUnavailable):
            actions.fetch_runs("third/2", RunQuery())


def test_a_rejected_token_is_tried_with_another_repository_each_time():
    """It is asked for none twice within an hour, and reads all of them once it is accepted."""
    world = Github({"a": {"octo"}, "b": {"other"}})
    clock = StillClock()
    with stub_github(world) as github:
        actions = actions_of(github, "ab", clock)
        mine = [name for name in NAMES if name.startswith("octo/")]
        for name in mine:
            actions.fetch_runs(name, RunQuery())
        world.wrong.clear()
        del world.readers["a"]
        for _ in range(59):
            clock.sleep(60)
            for name in mine:
                with pytest.raises((BadCredentials, RepositoryUnavailable)):
                    actions.fetch_runs(name, RunQuery())
        tries = {pair: count for pair, count in world.wrong.items() if pair[0] == "a"}
        assert 3 <= len(tries) <= 7
        assert set(tries.values()) == {1}
        world.readers["a"] = {"octo"}
        clock.sleep(3600)
        for name in mine:
            assert actions.fetch_runs(name, RunQuery()).value is not None


def test_a_repository_moves_where_a_limit_would_hold_it_for_minutes():
    """It stays where it has moved to; one that nobody else reads waits for the limit."""
    clock = StillClock()
    world = Github({"a": {"octo", "other"}, "b": {"octo"}})
    limited = set()

    def answer(asked):
        if asked.token not in limited:
            return world(asked)
        reset = {"X-RateLimit-Reset": str(int(clock.now().timestamp()) + 3000)}
        used_up = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", **reset}
        world.wrong["limited", asked.token] += 1
        return 403, used_up, {"message": "API rate limit exceeded"}

    mine = [name for name in NAMES if name.startswith("octo/")]
    with stub_github(answer) as github:
        actions = actions_of(github, "ab", clock)
        for name in [*mine, "other/1"]:
            actions.fetch_runs(name, RunQuery())
        limited.add("a")
        before = world.right["b"]
        for name in mine:
            assert actions.fetch_runs(name, RunQuery()).value is not None
        assert world.right["b"] - before == len(mine)
        with pytest.raises(RateLimited) as held:
            actions.fetch_runs("other/1", RunQuery())
        assert held.value.retry_at > clock.now() + timedelta(minutes=49)
        assert world.wrong["limited", "a"] == 1
        limited.clear()
        clock.sleep(3100)
        for name in mine:
            actions.fetch_runs(name, RunQuery())
        assert world.right["b"] - before == 2 * len(mine)


def test_a_repository_that_several_may_read_stays_with_one():
    """Its ETags are that token's; the load is spread over all."""
    world = Github({token: set(OWNERS) for token in "abc"})
    with stub_github(world) as github:
        actions = actions_of(github, "abc")
        for _ in range(3):
            for name in NAMES:
                actions.fetch_runs(name, RunQuery())
        by_repository = {}
        for asked in github.asked:
            by_repository.setdefault(asked.path, set()).add(asked.token)
    assert all(len(tokens) == 1 for tokens in by_repository.values())
    assert min(world.right.values()) > len(NAMES) / 3


def test_a_new_process_continues_with_the_token_of_the_validator():
    """Else every ETag would be lost with each start."""
    world = Github({token: set(OWNERS) for token in "abcdef"})
    with stub_github(world) as github:
        validators = {}
        first = actions_of(github, "abc")
        for name in NAMES:
            validators[name] = first.fetch_runs(name, RunQuery()).validator
        before = {asked.path: asked.token for asked in github.asked}
        github.asked.clear()
        second = actions_of(github, "abcdef")
        for name in NAMES:
            second.fetch_runs(name, RunQuery(), validators[name])
        assert {asked.path: asked.token for asked in github.asked} == before
        assert all("if-none-match" in asked.headers for asked in github.asked)


def test_an_item_is_missing_only_while_its_repository_is_read():
    """A repository that disappears hides its items, too: nothing of them is final."""
    seen = {"runs": RUNS}

    def answer(asked):
        return seen["runs"] if asked.path.endswith("/actions/runs") else NOT_FOUND

    with stub_github(answer) as github:
        actions = actions_of(github, "a")
        with pytest.raises(NotFound):
            actions.fetch_run("octo/1", 7)
        seen["runs"] = NOT_FOUND
        actions = actions_of(github, "a")
        with pytest.raises(RepositoryUnavailable):
            actions.fetch_run("octo/1", 7)
        actions = actions_of(github, "a")
        seen["runs"] = (403, {}, {"message": "an IP allow list is enabled"})
        with pytest.raises(AccessDenied):
            actions.fetch_run("octo/1", 7)


@pytest.mark.parametrize("count", [1, 2])
def test_an_optional_permission_is_asked_once_of_the_reader_of_an_owner(count):
    """A fine-grained token lacks it everywhere, and nobody else is asked in its place."""
    readers = {"github_pat_a": {"octo"}, "github_pat_b": {"other"}}
    world = Github(dict(list(readers.items())[:count]))
    hooks = Counter()

    def answer(asked):
        found = world(asked)
        if not asked.path.endswith("/hooks"):
            return found
        hooks[asked.token, asked.path.split("/")[2]] += 1
        return (403, {}, {"message": "Resource not accessible"}) if found is RUNS else found

    with stub_github(answer) as github:
        actions = actions_of(github, tuple(world.readers))
        for name in NAMES[: 20 * count]:
            assert actions.fetch_runs(name, RunQuery()).value is not None
        wrong = world.wrong.total()
        for name in NAMES[: 20 * count]:
            with pytest.raises(AccessDenied):
                actions.fetch_runs_of_failed_deliveries(name, since=StillClock().now())
        assert actions.fetch_runs("octo/new", RunQuery()).value is not None
    assert set(hooks.values()) == {1}
    assert len(hooks) == count
    assert world.wrong.total() == wrong
