"""One token for a repository that is watched and one with a long past: the first comes first."""

from __future__ import annotations

import pytest
from support.world import GENEROUS, REPOSITORY, OpenStage, Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.settings import Settings, TokenSpec

PAST = "octo/past"
HOURLY_LIMIT = 150
WARM_UP_SECONDS = 1200
POLL_SECONDS = 30
STEP_SECONDS = 10


@pytest.fixture
def here(stage: OpenStage) -> Stage:
    """A token whose hour is not enough for a past of 400 runs; 12 runs an hour are watched."""
    builder = WorldBuilder()
    for number in range(16):
        builder.run(created=number * 300 + 30, seconds=240).job(seconds=200)
    builder.repository(PAST)
    for number in range(400):
        builder.run(created=-86_400 + number * 60).job(seconds=30)
    token = TokenSpec(limit=HOURLY_LIMIT, graphql_limit=10**6)
    settings = Settings(tokens=(token,), limits=GENEROUS.limits)
    opened = stage(builder, settings=settings, poll_seconds=POLL_SECONDS, days=0)
    opened.state.remove_repository(PAST)
    return opened


def pass_time(here: Stage, seconds: int) -> list[float]:
    """Poll whatever is due; return after how long the watched repository was polled each time."""
    gaps = []
    for _ in range(seconds // STEP_SECONDS):
        before = here.state.load_repository(REPOSITORY)
        here.poll_due()
        after = here.state.load_repository(REPOSITORY)
        if before.last_polled_at not in (None, after.last_polled_at):
            gaps.append((after.last_polled_at - before.last_polled_at).total_seconds())
        here.advance(STEP_SECONDS)
    last = here.state.load_repository(REPOSITORY).last_polled_at
    return [*gaps, (here.clock.now() - last).total_seconds()]


def test_a_backfill_leaves_what_watching_needs_for_the_rest_of_the_hour(here: Stage) -> None:
    """It goes on all the same, with what watching does not need."""
    pass_time(here, WARM_UP_SECONDS)
    here.watch(PAST, days=2)
    gaps = pass_time(here, 3600 - WARM_UP_SECONDS)
    assert max(gaps) <= 2 * POLL_SECONDS + STEP_SECONDS
    assert here.state.count_ledger(PAST).collected > HOURLY_LIMIT // 4
