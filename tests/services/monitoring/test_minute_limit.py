"""More repositories than a credential's minute has requests for: paced, fair, none refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from ingest.services.dashboard.credentials import list_credential_rows
from ingest.services.sources.record_credentials import record_credentials
from ingest.wire.poll_demand import PLANNED_SHARE
from ingest.wire.rate_limiter import POINTS_PER_MINUTE
from support.world import OpenStage, Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.settings import Limits, Settings, TokenSpec

REPOSITORIES = 100
MINUTE_LIMIT = POINTS_PER_MINUTE["core"] // 5
ACTIVE = "octo/r000"
POLL_SECONDS = 30
SECONDS = 200


class Polls:
    """The moments at which each repository's list was asked for."""

    def __init__(self, stage: Stage) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self._now: Callable[[], float] = stage.server.clock.now
        self._fetch = stage.context.github.fetch_runs
        stage.context.github.fetch_runs = self._fetch_runs  # type: ignore[method-assign]

    def _fetch_runs(self, repository: str, query: Any, validator: str | None = None) -> Any:
        answer = self._fetch(repository, query, validator)
        self.times[repository].append(self._now())
        return answer

    def within(self, start: float, seconds: float) -> int:
        """Count the polls of a span."""
        return sum(
            start <= moment < start + seconds for each in self.times.values() for moment in each
        )


@pytest.mark.slow
def test_polls_of_many_repositories_fit_into_the_minute_and_the_active_ones_come_first(
    stage: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are polled soon, also those that are last by name, and nothing is refused."""
    monkeypatch.setitem(POINTS_PER_MINUTE, "core", MINUTE_LIMIT)
    world = WorldBuilder()
    names = [f"octo/r{number:03}" for number in range(REPOSITORIES)]
    for name in names:
        world.repository(name)
        if name == ACTIVE:
            world.run(created=0, seconds=3600).job("build", seconds=3600)
    token = TokenSpec(limit=10**6, graphql_limit=10**6)
    limits = Limits(points_per_minute=MINUTE_LIMIT)
    settings = Settings(tokens=(token,), limits=limits, threads=16)
    here = stage(world, at=60, settings=settings, poll_seconds=POLL_SECONDS)
    for name in names:
        here.watch(name)
    polls, start = Polls(here), here.server.clock.now()
    while here.server.clock.now() < start + SECONDS:
        here.poll_due()
        here.advance(1)
    assert max(min(polls.times[name]) for name in names) < start + 10, "first polls"
    assert here.server.stats()["violations"] == 0
    assert here.errors() == []
    assert here.context.github.rate_limit_status().minute_interval_factor > 1
    record_credentials(here.context)
    [credential] = list_credential_rows(here.state, now=here.clock.now())
    assert "GitHub's limit per minute" in credential["finding"]
    planned = MINUTE_LIMIT * PLANNED_SHARE
    for minute in range(100, SECONDS - 60, 20):
        assert polls.within(start + minute, 60) <= 1.2 * planned
    times = polls.times[ACTIVE]
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) <= 2 * POLL_SECONDS
    assert min(len(times) for times in polls.times.values()) >= 2
