"""A replay has the code metrics that GitHub refused at first."""

from __future__ import annotations

from datetime import timedelta

from ingest.services.collections.replay import replay
from ingest.services.collections.replay_span import ReplaySpan
from support.world import REPOSITORY
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault


def test_code_metrics_that_sso_refused_are_in_a_replay(stage):
    """The run itself does not wait for them, and its error names the way."""
    here = stage(WorldBuilder().run(seconds=5).job("test"), at=100)
    here.fail(Fault(path="/commits/|/graphql", do="sso"))
    assert here.poll() is None
    [run] = here.runs()
    assert run["data"]["code_metrics"]["additions"] is None
    [error] = here.state.list_errors(limit=9)
    assert "`runstream replay`" in error.remedy
    here.fail()
    now = here.clock.now()
    span = ReplaySpan(repository=REPOSITORY, since=now - timedelta(days=1), until=now)
    assert len(list(replay(here.context, span, should_continue=lambda: True))) == 1
    again = [each for each in here.runs() if each["data"].get("replayed")]
    assert [each["event_id"] for each in again] == [run["event_id"]]
    assert again[0]["data"]["code_metrics"]["additions"] is not None
