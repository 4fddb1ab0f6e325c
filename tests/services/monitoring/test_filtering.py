"""What filters leave out costs no further request, is counted once, and stays left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.filters import LOGS_FAILED, LOGS_NONE, Filters, parse_filters
from ingest.domain.globs import parse_globs
from ingest.domain.sources import parse_sources
from ingest.services.dashboard.sources import list_source_rows
from ingest.services.sources.manage_sources import add_sources, change_filters
from support.world import OpenStage, Stage
from support.world_builder import WorldBuilder


def world() -> WorldBuilder:
    builder = WorldBuilder()
    builder.run(workflow="CI", branch="main", created=0).jobs(2)
    builder.run(workflow="Nightly", branch="main", event="schedule", created=10).jobs(3)
    builder.run("failure", workflow="CI", branch="renovate/x", created=20).jobs(1)
    return builder


def workflows(stage: Stage) -> list[str]:
    completed = [each for each in stage.runs() if each["data"]["status"] == "completed"]
    return sorted(each["data"]["head_branch"] for each in completed)


@pytest.mark.parametrize(
    ("filters", "branches", "left_out"),
    [
        (Filters(workflows=parse_globs("ci.yml")), ["main", "renovate/x"], 1),
        (Filters(branches=parse_globs("!renovate/*")), ["main", "main"], 1),
        (Filters(events=parse_globs("push"), branches=parse_globs("main")), ["main"], 2),
        (Filters(actors=parse_globs("!octocat")), [], 3),
    ],
)
def test_runs_that_a_filter_leaves_out_are_not_read(
    stage: OpenStage, filters: Filters, branches: list[str], left_out: int
) -> None:
    opened = stage(world(), at=600, filters=filters)
    assert opened.poll() is None
    assert workflows(opened) == branches
    assert opened.counters.read("runs_filtered") == left_out
    assert opened.requests("list_attempt_jobs") == len(branches)


def test_an_attempt_that_is_read_by_its_number_is_filtered_as_well(stage: OpenStage) -> None:
    """The list shows the newest attempt only; an earlier one is read, and no more of it."""
    builder = WorldBuilder().run(actor="hubot").job("first").rerun(at=100).job("second")
    opened = stage(builder, at=600, filters=Filters(actors=parse_globs("!hubot")))
    opened.poll_for(60)
    assert {each["data"]["run_attempt"] for each in opened.runs()} == {2}
    assert opened.counters.read("runs_filtered") == 1
    assert opened.requests("list_attempt_jobs") == opened.requests("get_attempt") == 1


def test_a_run_is_counted_once_and_stays_left_out(stage: OpenStage) -> None:
    """A filter that is changed later applies from then on."""
    opened = stage(world(), at=600, filters=Filters(branches=parse_globs("main")))
    opened.poll_for(120)
    assert opened.counters.read("runs_filtered") == 1
    opened.context = replace(opened.context, settings=opened.join().settings)
    opened.remove_validators()
    opened.poll()
    assert workflows(opened) == ["main", "main"]


@pytest.mark.parametrize("mode", ["live", "economy"])
@pytest.mark.parametrize(("choice", "logs"), [(LOGS_FAILED, 1), (LOGS_NONE, 0)])
def test_logs_that_a_filter_leaves_out_are_not_requested(
    stage: OpenStage, mode: str, choice: str, logs: int
) -> None:
    opened = stage(world(), at=600, log_mode=mode, filters=Filters(logs=choice))
    opened.poll()
    opened.ingest()
    assert len([each for each in opened.logs() if each["event_type"] == "job_log_fetched"]) == logs
    assert opened.counters.read("logs_filtered") == 6 - logs
    assert opened.requests("get_job_log") + opened.requests("get_attempt_log") == logs


def test_runs_that_a_setting_leaves_out_are_counted_for_their_source(stage: OpenStage) -> None:
    """Also where no source has filters of its own."""
    opened = stage(world(), at=600, filters=Filters(branches=parse_globs("main")))
    now = opened.clock.now()
    add_sources(opened.state, parse_sources(["octo"]), origin="test", now=now)
    opened.poll()
    [row] = list_source_rows(opened.state)
    assert (row["filters"], row["runs_filtered"]) == ({}, 1)


def test_a_source_has_filters_of_its_own(stage: OpenStage) -> None:
    """They apply next to the settings' ones, from the change on, and their runs are counted."""
    opened = stage(world(), at=600, filters=Filters(events=parse_globs("!schedule")))
    now = opened.clock.now()
    add_sources(opened.state, parse_sources(["octo"]), origin="test", now=now)
    said = change_filters(opened.state, "octo/*", parse_filters({"branches": "main"}))
    assert said == "Filters of octo/*: branches main."
    assert opened.poll() is None
    assert workflows(opened) == ["main"]
    [row] = list_source_rows(opened.state)
    assert (row["filters"], row["runs_filtered"]) == ({"branches": "main"}, 2)
    change_filters(opened.state, "octo/*", parse_filters({"branches": "", "logs": "none"}))
    opened.advance(60)
    opened.remove_validators()
    opened.poll()
    assert workflows(opened) == ["main"], "what was left out stays left out"
    assert opened.context.filters_of("octo/api").filters[1] == Filters(logs=LOGS_NONE)


def test_filters_that_cannot_be_read_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"branches is '!'.*; logs is 'some'"):
        parse_filters({"branches": "!", "logs": "some"})
