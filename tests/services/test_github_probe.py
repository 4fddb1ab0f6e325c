"""A GitHub that answers nothing is noticed also where no repository is due for minutes."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import replace

import pytest
from ingest.adapters.github import GithubActions, open_token_pool
from ingest.domain.counters import Counters
from ingest.services.agents import heartbeat
from ingest.services.agents.heartbeat import HEARTBEAT_INTERVAL
from ingest.services.agents.tick import monitoring_tick
from ingest.services.github_probe import PROBE_INTERVAL, GithubProbe
from ingest.settings import GithubSettings, Secret
from support.world import Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

HOUR = 3600


@pytest.fixture
def here(stage) -> Stage:
    """Watch a repository whose run ended long ago; its next poll is minutes ahead."""
    here = stage(WorldBuilder().run(seconds=60).job(), at=4 * HOUR)
    here.watch()
    here.poll_for(60)
    here.poll_due()
    return here


def probes_within(here: Stage, seconds: float) -> int:
    """Let an idle loop run; return how often the rate limit was requested."""
    before = here.requests("rate_limit")
    for _ in range(int(seconds)):
        here.context.probe_github_if_silent()
        here.advance(1)
    return here.requests("rate_limit") - before


def test_where_no_poll_is_due_github_is_asked_every_half_minute_for_nothing(here):
    charged, free = (here.counters.read(f"github_requests.{kind}") for kind in ("charged", "free"))
    probes = probes_within(here, 300)
    assert 9 <= probes <= 300 / PROBE_INTERVAL.total_seconds()
    assert here.counters.read("github_requests.charged") == charged
    assert here.counters.read("github_requests.free") == free + probes


def test_what_is_answered_meanwhile_takes_the_place_of_a_probe(here):
    here.context.probe_github_if_silent()
    for _ in range(10):
        assert here.poll() is None
        assert probes_within(here, 20) == 0


def test_a_process_that_has_asked_nothing_asks_at_once(here):
    """As a task of Anvil does each minute."""
    here.context = replace(here.context, probe=GithubProbe(), counters=Counters())
    assert probes_within(here, 5) == 1


@pytest.mark.parametrize("fault", [Fault(path=".*", do=each) for each in ("error", "unauthorized")])
def test_a_probe_that_fails_is_no_error(here, fault):
    """What needs an answer reports the failure."""
    here.fail(fault)
    probes_within(here, 90)
    assert here.errors() == []


def test_a_credential_that_waits_for_a_limit_is_not_asked(here):
    here.fail(Fault(path="/actions/runs", do="secondary", seconds=600))
    here.poll()
    here.fail()
    assert probes_within(here, 300) == 0


def test_a_silent_github_is_reported_by_a_tick_that_has_nothing_to_poll(here, monkeypatch):
    """It accepts the connection and never answers; the tick says so while it waits."""
    monkeypatch.setattr(heartbeat, "SILENCE_SECONDS", 0.0)
    seen: list[list[str]] = []

    def report(_name: str, _value: object) -> None:
        seen.append([asked for each in here.state.list_agents() for asked in each.unanswered_since])
        if [url] in seen:
            silent.close()  # which ends the request
        here.advance(HEARTBEAT_INTERVAL.total_seconds())  # real seconds pass while it waits

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = GithubSettings(tokens=(Secret("ghp_1"),), api_url=url)
        counters = Counters()
        with closing(open_token_pool(settings, clock=here.clock, counters=counters)) as pool:
            context = replace(
                here.context,
                github=GithubActions(pool, counters),
                counters=counters,
                probe=GithubProbe(),
            )
            monitoring_tick(context, seconds=20, host="tasks", set_task_state=report)
    assert [url] in seen
    assert here.errors() == []
