"""Which credential asks for which repository."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from traceback import walk_tb
from types import SimpleNamespace
from typing import Any

import pytest
from ingest.adapters.github import open_token_pool
from ingest.adapters.github.rate_limit_sums import sum_rate_limits
from ingest.adapters.github.refusal_reasons import most_informative_error
from ingest.bootstrap.github import open_github
from ingest.domain.counters import Counters
from ingest.errors import GithubUnavailable, RateLimited
from ingest.settings import GithubSettings, Secret, Settings
from ingest.wire.rate_limits import RateLimit
from support.manual_clock import ManualClock
from support.world import GENEROUS, assert_all_published
from support.world_builder import WorldBuilder

from standalone.sandbox.settings import TokenSpec

NAMES = [f"octo/repository-{number}" for number in range(300)]


def pool_of(*tokens: str):
    settings = GithubSettings(tokens=tuple(map(Secret, tokens)))
    return open_token_pool(settings, clock=None, counters=Counters())


def chosen(*tokens: str) -> dict[str, str]:
    pool = pool_of(*tokens)
    return {name: pool.client_for(name).name for name in NAMES}


def test_a_repository_stays_with_one_token_in_every_process():
    """In whatever order the tokens are given, and however the name is written."""
    assert chosen("a", "b", "c") == chosen("c", "a", "b")
    pool = pool_of("a", "b", "c")
    assert all(pool.client_for(name) is pool.client_for(name.upper()) for name in NAMES)


def test_tokens_share_the_repositories_evenly():
    """None is left idle."""
    assert all(count > 60 for count in Counter(chosen("a", "b", "c").values()).values())


def test_another_token_moves_only_what_it_takes():
    """The others keep their ETags."""
    before, after = chosen("a", "b"), chosen("a", "b", "c")
    moved = [name for name in NAMES if before[name] != after[name]]
    new = set(after.values()) - set(before.values())
    assert 50 < len(moved) < 150
    assert {after[name] for name in moved} == new


def test_without_credentials_there_is_one_anonymous_client():
    """Public repositories can be read without."""
    assert [client.name for client in pool_of().clients()] == ["anonymous"]


def test_one_tokens_limit_leaves_the_others_at_work(stage):
    """Only repositories of the limited token wait, and none for long: the others' token reads them.

    Requests in flight may use up its hour, so it depends on their order how many wait.
    """
    names = ["octo/api", "octo/web", "octo/cli", "octo/docs", "octo/app", "octo/lib"]
    world = WorldBuilder()
    for name in names:
        world.repository(name).run(seconds=5).job("a").run(seconds=6).job("b")
    poor = TokenSpec(value="poor", limit=2, graphql_limit=100)
    rich = replace(GENEROUS.tokens[0], value="rich")
    settings = replace(GENEROUS, tokens=(poor, rich))
    here = stage(world, at=100, settings=settings, tokens=("poor", "rich"))
    outcomes = {name: here.poll(name) for name in names}
    pool = here.context.github._tokens
    limited = {name: error for name, error in outcomes.items() if error is not None}
    assert len(limited) < len(names)
    assert all(isinstance(error, RateLimited) for error in limited.values())
    assert sum_rate_limits(pool.clients(), now=pool.clock.now()).limit == 10**6 + 2
    assert here.server.stats()["violations"] == 0
    for name in limited:
        while (error := here.poll(name)) is not None:
            here.advance((error.retry_at - here.clock.now()).total_seconds())
    assert_all_published(here)


def test_what_one_token_has_used_holds_back_nothing_of_another():
    """Its own repositories' rare reads wait; before, those of all did, for most of the hour."""
    now = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)
    settings = Settings(github=GithubSettings(tokens=(Secret("a"), Secret("b"))))
    actions = open_github(settings, clock=ManualClock(now), counters=Counters())
    pool = actions._tokens
    first = NAMES[0]
    other = next(name for name in NAMES if pool.client_for(name) is not pool.client_for(first))
    reset_at = int((now + timedelta(minutes=50)).timestamp())
    for name, remaining in ((first, 1000), (other, 4900)):
        headers = {
            "x-ratelimit-resource": "core",
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": str(reset_at),
        }
        client = pool.client_for(name)
        pool.access.pin(client.name, name)
        client.rate_limiter.update(200, headers, "", now=now)
    assert not actions.can_afford_extra(first)
    assert actions.can_afford_extra(other)


def test_an_hour_that_is_over_is_not_the_current_one():
    """A token without requests has no answer that shows its next hour."""
    now = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)

    def client(remaining: int, minutes: int, *, offset: int = 0) -> Any:
        reset_at = now + timedelta(minutes=minutes)
        limit = RateLimit(resource="core", limit=5000, remaining=remaining, reset_at=reset_at)
        limiter = SimpleNamespace(
            core_limit=limit,
            clock_offset=timedelta(minutes=offset),
            hour_interval_factor=lambda *, now: 1.0,
        )
        return SimpleNamespace(rate_limiter=limiter)

    both = sum_rate_limits([client(2000, 55), client(10, -180)], now=now)
    assert (both.remaining, both.reset_at) == (7000, now + timedelta(minutes=55))
    ahead = sum_rate_limits([client(2000, 25, offset=-30), client(10, -20, offset=-30)], now=now)
    assert ahead.remaining == 2010, "GitHub's clock says whether its hour is over"
    idle = sum_rate_limits([client(10, -180)], now=now)
    assert (idle.remaining, idle.reset_at) == (10, now - timedelta(minutes=180))


def test_a_failure_that_is_raised_again_and_again_collects_no_frames():
    """As that of an app whose installations are not listed: each poll of its repositories fails."""
    failure = GithubUnavailable("GitHub does not answer.")
    for _ in range(3):
        with pytest.raises(GithubUnavailable) as raised:
            raise most_informative_error("octo/api", [failure])
        assert len(list(walk_tb(raised.value.__traceback__))) == 1
