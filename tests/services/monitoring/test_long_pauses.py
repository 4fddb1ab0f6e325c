"""A pause of hours or days holds no attempt back where it can be published without the part."""

from __future__ import annotations

import pytest
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

DAY = 86_400


def a_stage_with(stage, path, *, seconds):
    """Open a stage with a failed run; GitHub asks to wait before each request for a path."""
    here = stage(WorldBuilder().run(seconds=60).job("a", conclusion="failure"), at=3600)
    faults = [Fault(path="/graphql", do="error", status=500)]
    here.fail(*faults, Fault(path=path, do="busy", status=503, seconds=seconds))
    here.poll()
    here.advance(5)
    here.poll()
    return here


@pytest.mark.parametrize("path", ["/commits/", "/annotations"])
def test_an_attempt_is_published_without_a_part_that_is_paused_for_a_day(stage, path):
    """Its commit and its annotations are null then."""
    here = a_stage_with(stage, path, seconds=DAY)
    [run] = here.runs()
    assert run["event_type"] == "workflow_run_completed"
    assert here.attempt().settled


def test_an_attempt_waits_for_a_commit_that_is_paused_for_a_minute(stage):
    """Its metrics arrive with it."""
    here = a_stage_with(stage, "/commits/", seconds=60)
    assert here.runs() == []
    here.fail()
    here.advance(60)
    here.poll()
    [run] = here.runs()
    assert run["data"]["code_metrics"]["commit_message"] is not None
