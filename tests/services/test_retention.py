"""Forgetting what is old: the ledger stays small, and nothing is published again for it."""

from __future__ import annotations

from dataclasses import replace

from ingest.services.retention import MAX_PURGED, purge_expired
from ingest.settings import CollectingSettings
from support.world import FIRST_RUN, REPOSITORY, Stage, assert_nothing_twice
from support.world_builder import WorldBuilder

DAY = 86400


def some_runs() -> WorldBuilder:
    """Run one thing that is run again, and another 80 days later."""
    builder = WorldBuilder().run("failure", created=0, seconds=60).job("a", "failure")
    builder.rerun("success", at=200).job("a")
    return builder.run(created=80 * DAY, seconds=60).job("b")


def collect_both(here: Stage) -> int:
    """Collect all, and return how many messages it is."""
    here.poll()
    here.ingest()
    here.move_to(80 * DAY + 300)
    here.poll()
    here.ingest()
    return len(here.metrics())


def purge(here: Stage, *, ledger_days: float = CollectingSettings().ledger_days) -> bool:
    return purge_expired(here.state, ledger_days=ledger_days, now=here.clock.now())


def attempts(here: Stage) -> list[tuple[int, int]]:
    known = here.state.load_attempts(REPOSITORY, [FIRST_RUN + 1, FIRST_RUN + 2])
    return sorted((key.run_id - FIRST_RUN, key.run_attempt) for key in known)


def test_settled_attempts_are_kept_for_the_days_that_were_set(stage):
    """Ninety, where nothing else was said."""
    here = stage(some_runs(), at=400)
    collect_both(here)
    here.move_to(90 * DAY - 60)
    assert not purge(here)
    assert attempts(here) == [(1, 1), (1, 2), (2, 1)]
    here.move_to(90 * DAY + 60)
    assert not purge(here)
    assert attempts(here) == [(2, 1)]


def test_a_list_that_still_shows_a_forgotten_run_makes_no_news_of_it(stage):
    """A repository in which little happens shows all its runs at every poll."""
    here = stage(some_runs(), at=400)
    published = collect_both(here)
    here.move_to(91 * DAY)
    purge(here)
    here.remove_validators()
    assert here.poll() is None
    here.ingest()
    assert len(here.metrics()) == published
    assert attempts(here) == [(2, 1)]
    assert_nothing_twice(here)


def test_an_attempt_that_was_forgotten_before_its_runs_others_is_no_news(stage):
    """They are forgotten in portions, and one may end between them."""
    here = stage(some_runs(), at=400)
    published = collect_both(here)
    here.move_to(91 * DAY)
    here.state.remove_settled_attempts(created_before=here.clock.now(), limit=1)
    assert attempts(here) == [(1, 2), (2, 1)]
    here.remove_validators()
    assert here.poll() is None
    assert len(here.metrics()) == published
    assert attempts(here) == [(1, 2), (2, 1)]


def test_what_is_within_the_backfill_is_never_forgotten(stage):
    """Nor what may still change on GitHub behind it."""
    here = stage(some_runs(), at=400)
    collect_both(here)
    here.move_to(91 * DAY)
    ledger_days = CollectingSettings(backfill_days=30).ledger_days
    assert not purge(here, ledger_days=ledger_days)
    assert len(attempts(here)) == 3


def test_a_first_walk_takes_in_what_is_older_than_the_ledger_keeps(stage):
    """What was watched with a longer backfill is not given up for a shorter one."""
    here = stage(some_runs(), at=400)
    here.state.remove_repository(REPOSITORY)
    here.move_to(100 * DAY)
    here.watch(days=120)
    assert here.poll() is None
    assert len(attempts(here)) == 3


def test_a_call_forgets_so_many_and_reports_whether_there_are_more(stage):
    """So that nobody waits long for the state."""
    here = stage(some_runs(), at=400)
    collect_both(here)
    (first,) = here.state.load_attempts(REPOSITORY, [FIRST_RUN + 2]).values()
    copies = [replace(first, key=replace(first.key, run_id=number)) for number in range(MAX_PURGED)]
    here.state.save_attempts(copies)
    here.move_to(200 * DAY)
    assert purge(here)
    assert not purge(here)
    assert here.state.count_ledger().attempts == 0
