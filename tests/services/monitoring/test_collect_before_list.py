"""Where limits are near, backfills wait, and what is new or caught up with does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ingest.domain.due import urgent_due_at
from ingest.domain.ledger import new_repository
from ingest.errors import RateLimited
from ingest.services.monitoring.poll_runs import poll_due_repository
from ingest.services.poll_order import PollOrder
from ingest.wire.rate_limiter import BULK_MINUTE_SHARE
from support.world import REPOSITORY, OpenStage, Stage
from support.world_builder import WorldBuilder

NEW = "octo/new"


def ended_runs(builder: WorldBuilder, count: int) -> WorldBuilder:
    for number in range(count):
        builder.run(created=number - 500, seconds=20, sha="a" * 40).job("build")
    return builder


@pytest.fixture
def here(stage: OpenStage) -> Stage:
    """Watch a repository with a backlog that was never polled, beside one that is to be created."""
    opened = stage(ended_runs(WorldBuilder().repository(REPOSITORY), 40), at=50)
    opened.server.world.add(
        ended_runs(WorldBuilder().repository(NEW, id=9), 1).build().repositories[0]
    )
    return opened


def create(here: Stage) -> None:
    """Watch the new repository as discovery does."""
    now = here.clock.now()
    here.state.add_repository(new_repository(NEW, backfill_days=1, now=now))
    here.state.make_due(NEW, now=now)


def poll_once(here: Stage) -> None:
    assert poll_due_repository(here.context, should_continue=lambda: True)


def test_a_first_visit_leaves_a_part_of_the_minute_to_a_repository_that_was_just_created(
    here: Stage,
) -> None:
    here.use_up_minute(BULK_MINUTE_SHARE)
    poll_once(here)
    assert here.requests("list_runs") == 0
    create(here)
    poll_once(here)
    assert [each["data"]["repo"] for each in here.runs()] == [NEW]


def test_a_first_visit_leaves_a_part_of_the_minute_to_what_is_caught_up_with(here: Stage) -> None:
    create(here)
    poll_once(here)
    here.use_up_minute(BULK_MINUTE_SHARE)
    here.advance(40)
    poll_once(here)
    assert here.requests("list_runs") == 1, "the first visit"
    assert here.poll(NEW) is None
    assert here.requests("list_runs") > 1


def test_the_list_is_bulk_as_long_as_a_backlog_waits(here: Stage) -> None:
    """Though a person asked for the poll."""
    here.use_up_minute(BULK_MINUTE_SHARE)
    assert isinstance(here.poll(), RateLimited), "the attempts"
    listed = here.requests("list_runs")
    assert listed > 0
    assert isinstance(here.poll(), RateLimited), "the list"
    assert here.requests("list_runs") == listed
    here.advance(60)
    assert here.poll() is None
    assert len(here.runs()) == 40


def test_a_claim_that_was_urgent_is_known_as_such(here: Stage) -> None:
    create(here)
    now = here.clock.now()
    for name, since in ((NEW, urgent_due_at(now)), (REPOSITORY, now)):
        claimed = here.state.claim_repository(holder="other", now=now, lease_seconds=9)
        assert (claimed.full_name, claimed.next_poll_at) == (name, since)


def test_a_repository_whose_first_poll_a_limit_refuses_keeps_its_priority(here: Stage) -> None:
    """Its next poll is no backfill either, also in another process."""
    create(here)
    here.use_up_minute(1)
    poll_once(here)
    assert here.requests("list_runs") == 0
    refused = here.state.load_repository(NEW)
    assert refused is not None
    assert refused.is_prioritized
    assert refused.next_poll_at is not None
    here.advance((refused.next_poll_at - here.clock.now()).total_seconds())
    here.use_up_minute(BULK_MINUTE_SHARE)
    poll_once(here)
    assert here.requests("list_runs") == 0, "the first visit has its turn"
    poll_once(here)
    assert [each["data"]["repo"] for each in here.runs()] == [NEW]
    polled = here.state.load_repository(NEW)
    assert polled is not None
    assert not polled.is_prioritized


def test_a_first_poll_that_was_put_off_comes_before_other_polls_of_the_same_time() -> None:
    order, now = PollOrder(), datetime(2026, 1, 1, tzinfo=timezone.utc)
    order.note_turn_of_longest_overdue(now)
    old = new_repository(REPOSITORY, backfill_days=1, now=now)
    new = replace(new_repository(NEW, backfill_days=1, now=now), is_prioritized=True)
    due = now + timedelta(seconds=5)
    for record in (new, replace(old, last_changed_at=now + timedelta(seconds=1))):
        order.note_poll(record, next_poll_at=due, now=now)
    assert order.find_recently_changed(due) == NEW
