"""Webhooks that did not arrive are found in GitHub's own list of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.errors import AccessDenied
from support.changed_ports import Changed
from support.world import FIRST_RUN, GENEROUS, assert_all_published
from support.world_builder import WorldBuilder

from standalone.sandbox.handlers import hooks
from standalone.sandbox.payloads.hooks import hook_payload
from standalone.sandbox.settings import HookFaults


def a_world(runs: int = 3) -> WorldBuilder:
    world = WorldBuilder().repository("octo/api").hook("http://127.0.0.1:9/", secret="s")
    for number in range(runs):
        world.run(created=100 + number, seconds=10).job("a")
    return world


@pytest.fixture
def open_stage(stage):
    def start(world, **options):
        lost = replace(GENEROUS, hook_faults=HookFaults(lost=1.0))
        return stage(world, **{"settings": lost, **options})

    return start


def failed(here, *, hours: float = 1) -> set[int]:
    since = here.clock.now() - timedelta(hours=hours)
    return here.context.github.fetch_runs_of_failed_deliveries("octo/api", since=since)


def test_runs_of_failed_deliveries_are_named(open_stage):
    """Of runs and of jobs, each once."""
    here = open_stage(a_world())
    here.advance(500)
    assert failed(here) == {FIRST_RUN + number for number in (1, 2, 3)}


def test_hooks_that_get_every_event_are_looked_at(open_stage, monkeypatch):
    """GitHub lists a star in place of the events."""
    changed = {"events": ["*"]}
    monkeypatch.setattr(hooks, "hook_payload", lambda *of: {**hook_payload(*of), **changed})
    here = open_stage(a_world(1))
    here.advance(500)
    assert failed(here) == {FIRST_RUN + 1}


def test_every_page_is_looked_through(open_stage):
    """A hundred deliveries a page, followed by a cursor."""
    here = open_stage(a_world(30))
    here.advance(500)
    assert len(failed(here)) == 30
    assert here.requests("list_deliveries") > 1


def test_older_deliveries_are_left_out(open_stage):
    """They were looked at before."""
    here = open_stage(a_world())
    here.advance(500)
    here.advance(7200)
    assert failed(here, hours=1) == set()


def test_a_delivery_made_good_is_passed_over(open_stage):
    """GitHub lists the failed one and the redelivered one."""
    here = open_stage(a_world(1))
    here.advance(500)
    deliveries = here.server._state.deliveries
    hook = here.server.world.repositories[0].hooks[0]
    for each in deliveries.newest_first(hook.id):
        deliveries.add(replace(each, status="OK", status_code=200))
    assert failed(here) == set()


def test_a_collector_that_expects_webhooks_follows_the_lost_ones(open_stage):
    """A re-run deep in the list that came and went is found within the hour."""
    world = WorldBuilder().repository("octo/api").hook("http://127.0.0.1:9/")
    world.run("failure", created=0, seconds=5).job("a").rerun(at=1000, seconds=5).job("a")
    for number in range(110):
        world.run(created=100 + number, seconds=5, sha="a" * 40)
    here = open_stage(world, at=500, expects_webhooks=True)
    here.poll()
    here.move_to(5000)
    here.poll()
    assert here.attempt(2).published_statuses == ("completed",)
    assert_all_published(here)


def test_a_token_without_the_right_to_hooks_loses_nothing_else(open_stage):
    """The right is asked for by nobody but this."""
    token = replace(GENEROUS.tokens[0], permissions=frozenset({"actions", "contents"}))
    here = open_stage(a_world(), settings=replace(GENEROUS, tokens=(token,)), expects_webhooks=True)
    here.advance(500)
    with pytest.raises(AccessDenied):
        failed(here)
    assert here.poll() is None
    assert here.errors() == []
    assert_all_published(here)


def asking(here):
    """Return a context without failed deliveries, and since when it is asked for them."""
    asked = []

    def fetch(_repository, *, since):
        asked.append(since)
        return set()

    github = Changed(here.context.github, fetch_runs_of_failed_deliveries=fetch)
    return replace(here.context, github=github), asked


def test_deliveries_around_the_last_look_are_looked_at_again(open_stage):
    """The clock of GitHub may be behind, and a delivery is listed only when its answer is there."""
    here = open_stage(a_world(), expects_webhooks=True)
    context, asked = asking(here)
    here.poll(context=context)
    looked_at = here.clock.now()
    here.advance(3700)
    here.poll(context=context)
    assert len(asked) == 2
    assert looked_at - timedelta(minutes=6) < asked[1] < looked_at - timedelta(minutes=1)


def test_deliveries_are_looked_for_again_after_the_clock_was_set_back(open_stage):
    """Nothing since the last time is listed after a time that has not come."""
    here = open_stage(a_world(), expects_webhooks=True)
    context, asked = asking(here)
    looked_at = here.clock.now()
    here.clock.ahead_seconds = 7200
    here.poll(context=context)
    here.clock.ahead_seconds = 0
    here.advance(1200)
    here.poll(context=context)
    assert len(asked) == 2
    assert asked[1] < looked_at
