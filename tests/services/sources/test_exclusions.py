"""Sources that leave out: what adding and removing one does is said before."""

from __future__ import annotations

import pytest
from ingest.domain.source_records import FROM_PAGE, DiscoveredRepository
from ingest.domain.sources import parse_source, parse_sources
from ingest.errors import NotFound
from ingest.ports import StateStore
from ingest.services.sources.discover_sources import discover_sources
from ingest.services.sources.manage_sources import (
    add_sources,
    describe_exclusion,
    plan_removal,
    remove_source,
)
from support.world import OpenStage, Stage
from support.world_builder import WorldBuilder


@pytest.fixture
def stage(stage: OpenStage) -> Stage:
    builder = WorldBuilder()
    for name in ("acme/a", "acme/old-1", "acme/old-2"):
        builder.repository(name).run()
    return stage(builder, at=600, watches=False)


def discover(stage: Stage, *given: str) -> None:
    patterns = parse_sources(given)
    add_sources(stage.state, patterns, origin=FROM_PAGE, now=stage.clock.now())
    discover_sources(stage.context)


def planned(state: StateStore, exclusion: str) -> str:
    return describe_exclusion(state, parse_source(exclusion))


def test_what_a_new_exclusion_leaves_out_is_said_before(stage: Stage) -> None:
    discover(stage, "acme")
    assert planned(stage.state, "!acme/old-*") == (
        "2 repositories are no longer polled (acme/old-1, acme/old-2); what was collected is kept."
    )
    assert planned(stage.state, "!acme/none-*") == "0 repositories are no longer polled."


def test_an_exclusion_that_a_named_repository_overrides_says_so(stage: Stage) -> None:
    discover(stage, "acme", "acme/old-1")
    assert planned(stage.state, "!acme/old-1") == (
        "0 repositories are no longer polled; 1 repository is still watched: "
        "a source names acme/old-1."
    )


def test_a_sentence_about_many_sources_counts_them(stage: Stage) -> None:
    """It is shown in a dialog, and stored in the audit trail."""
    names = [f"acme/old-{number}" for number in range(1, 8)]
    stage.state.save_discovered_repositories(
        [
            DiscoveredRepository(full_name=name, source="acme/*", discovered_at=stage.clock.now())
            for name in names
        ]
    )
    sources = parse_sources(["acme", *names])
    add_sources(stage.state, sources, origin=FROM_PAGE, now=stage.clock.now())
    counted = "acme/old-1, acme/old-2, acme/old-3, acme/old-4, acme/old-5 and 2 more."
    assert planned(stage.state, "!acme/old-*").endswith(f"a source names {counted}")
    assert plan_removal(stage.state, "acme/*").sentence.endswith(f"because of {counted}")


def test_what_the_removal_of_an_exclusion_brings_is_said_before(stage: Stage) -> None:
    """Also what was left out from the start; nothing that another exclusion leaves out."""
    discover(stage, "acme", "!acme/old-*", "!*/old-2")
    plan = plan_removal(stage.state, "!acme/old-*")
    assert plan.sentence == "1 repository is watched again (acme/old-1)."
    assert plan_removal(stage.state, "!*/old-2").sentence == "0 repositories are watched again."
    remove_source(stage.state, "!acme/old-*")
    discover_sources(stage.context)
    watched = {each.full_name for each in stage.state.list_repositories() if not each.paused}
    assert watched == {"acme/a", "acme/old-1"}
    with pytest.raises(NotFound):
        plan_removal(stage.state, "!acme/old-*")


def test_what_a_source_still_lists_after_a_transfer_is_kept(stage: Stage) -> None:
    """Another source may match its new name alone; a pattern may leave that name out."""
    discover(stage, "acme/old-1", "acme/old-2", "umbra", "!umbra/left-*")
    stage.server.world.change("acme/old-1", full_name="umbra/new")
    stage.server.world.change("acme/old-2", full_name="umbra/left-out")
    discover(stage)
    assert plan_removal(stage.state, "acme/old-2").suspended == ("acme/old-2",)
    assert plan_removal(stage.state, "acme/old-1").sentence == (
        "0 repositories are no longer polled; 1 repository is still watched because of umbra/*."
    )
    remove_source(stage.state, "acme/old-1")
    [kept] = [e for e in stage.state.list_repositories() if e.full_name == "acme/old-1"]
    assert not kept.paused
    discover_sources(stage.context)
    [known] = [e for e in stage.state.list_discovered_repositories() if e.new_name == "umbra/new"]
    assert (known.source, known.suspension_reason) == ("umbra/*", None)
