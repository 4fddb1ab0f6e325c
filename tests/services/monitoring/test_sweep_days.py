"""Sweeping past days: every re-run is found within a day, and quiet days cost nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some
from ingest.domain.timestamps import format_timestamp
from ingest.errors import RequestFailed
from ingest.services.monitoring.sweep_days import RUN_MUTABLE_FOR, WINDOWS_PER_POLL, CreationWindow
from support.world import assert_all_published, assert_nothing_twice
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("ten_a_page")]

DAY = 86_400


def a_long_history(*, rerun_at: float, a_day: int = 1, days: int = 40) -> WorldBuilder:
    world = WorldBuilder()
    for day in range(days):
        for number in range(a_day):
            world.run(created=day * DAY + number * 60, seconds=10, sha="a" * 40).job("build")
            if day == 5 and number == 0:
                world.rerun("success", at=rerun_at, seconds=10).job("again")
    return world


def test_a_rerun_that_came_and_went_is_found_by_the_next_days_sweep(stage):
    """It was over before anybody asked for open runs, and lies deep in the list."""
    here = stage(a_long_history(rerun_at=40.1 * DAY), at=40 * DAY, days=60)
    here.poll_for(600)
    published = len(here.runs())
    here.move_to(40.2 * DAY)
    here.poll()
    assert len(here.runs()) == published
    here.move_to(41.1 * DAY)
    here.poll_for(600)
    assert len(here.runs()) == published + 1
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_second_round_over_quiet_days_is_free(stage):
    """Windows keep their bounds, so nothing that is unchanged is charged."""
    here = stage(a_long_history(rerun_at=39 * DAY), at=40 * DAY, days=60)
    here.poll_for(300)
    here.move_to(41 * DAY)
    here.poll_for(300)
    charged = here.requests("list_runs", "charged")
    free = here.requests("list_runs", "free")
    here.move_to(42 * DAY)
    here.poll_for(300)
    # Only what is grouped anew by the day that closed may be charged.
    assert here.requests("list_runs", "charged") - charged <= 5 + 6
    assert here.requests("list_runs", "free") > free + 8


def test_days_too_full_for_one_page_are_halved_and_a_tick_asks_for_few(stage):
    """A large repository's sweep goes on from tick to tick, and hides no run."""
    here = stage(a_long_history(rerun_at=9.3 * DAY, a_day=11, days=6), at=9 * DAY, days=20)
    here.poll()
    here.move_to(10.1 * DAY)
    before = here.requests("list_runs")
    here.poll()
    assert here.requests("list_runs") - before < 8 * WINDOWS_PER_POLL
    for _ in range(12):
        here.advance(30)
        here.poll()
    assert here.record().sweep.continues_at.day == here.clock.now().day
    assert_all_published(here)


def test_a_second_with_more_runs_than_a_page_is_paged(stage):
    """Such a window cannot be halved; a re-run in it is found all the same."""
    world = WorldBuilder()
    for number in range(13):
        world.run(created=0, seconds=10, sha="a" * 40).job("build")
        if number == 5:
            world.rerun("success", at=2 * DAY + 700, seconds=10).job("again")
    for number in range(11):
        world.run(created=DAY + number * 60, seconds=10, sha="a" * 40).job("build")
    here = stage(world, at=2 * DAY, days=20)
    here.poll_for(300)
    published = len(here.runs())
    here.move_to(3.1 * DAY)
    here.poll_for(900)
    assert len(here.runs()) == published + 1
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_server_that_ignores_the_filter_by_time_is_asked_for_few_pages(stage):
    """It answers every window with the whole list, so halving would never end."""
    here = stage(a_long_history(rerun_at=40.1 * DAY), at=40 * DAY, days=60)
    fetch = here.context.github.fetch_runs

    def without_created(repository, query, validator=None):
        return fetch(repository, replace(query, created=None), validator)

    here.context.github.fetch_runs = without_created
    here.poll_for(120)
    here.move_to(41.1 * DAY)
    before = here.requests("list_runs", "charged")
    here.poll_for(120)
    assert here.requests("list_runs", "charged") - before < 12
    assert here.errors() == []
    assert_all_published(here)


def test_a_day_that_is_not_answered_holds_up_no_later_one(stage):
    """GitHub fails for a run of that day, and for each window with it."""
    here = stage(a_long_history(rerun_at=40.1 * DAY, days=40), at=40 * DAY, days=60)
    here.poll_for(600)
    published = len(here.runs())
    fetch = here.context.github.fetch_runs
    damaged = format_timestamp(datetime.fromtimestamp(here.start + 3 * DAY, timezone.utc))

    def fail_for_a_day(name, query, validator=None):
        first, _, last = (query.created or "").partition("..")
        if first <= damaged <= last:
            raise RequestFailed("GitHub answered 500")
        return fetch(name, query, validator)

    here.context.github.fetch_runs = fail_for_a_day
    here.move_to(41.1 * DAY)
    here.poll_for(900)
    assert len(here.runs()) == published + 1
    assert here.errors() == ["GitHub answered 500"]
    assert_all_published(here)


def test_a_sweep_waits_for_the_end_of_an_outage(stage):
    """Nothing is left out of it, and few requests are sent."""
    here = stage(a_long_history(rerun_at=40.1 * DAY, days=40), at=40 * DAY, days=60)
    here.poll_for(600)
    here.move_to(51.1 * DAY)  # the first window is of 32 days
    here.fail(Fault(path="/actions/runs$", query="created=", do="error", status=500))
    before, sent = here.record().sweep, here.requests("list_runs")
    here.poll()
    after = here.record().sweep
    assert here.requests("list_runs") - sent <= 5
    assert after.began_at != before.began_at
    assert (
        after.continues_at == after.began_at.replace(hour=0, minute=0, second=0) - RUN_MUTABLE_FOR
    )
    here.fail()
    here.poll_for(900)
    assert_all_published(here)


def test_a_round_begins_where_runs_may_still_change(stage):
    """Older days cannot change any more."""
    here = stage(a_long_history(rerun_at=39 * DAY), at=40 * DAY, days=60)
    here.poll()
    assert here.record().sweep.began_at == here.clock.now()
    asked = [q for q in here.record().run_lists.validators if q.startswith("created=")]
    oldest = (here.clock.now() - RUN_MUTABLE_FOR).strftime("created=%Y-%m-%d")
    assert min(asked)[:18] >= oldest


@given(some.integers(0, 10**9), some.integers(1, 10**7))
def test_the_halves_of_a_window_are_the_window(first, seconds):
    """No second is in both halves, and none in neither."""
    start = datetime.fromtimestamp(first, timezone.utc)
    window = CreationWindow(start, start + timedelta(seconds=seconds))
    one, other = window.halves()
    assert (one.first, other.last) == (window.first, window.last)
    assert other.first - one.last == timedelta(seconds=1)
    assert one.last >= one.first
    assert other.last >= other.first
