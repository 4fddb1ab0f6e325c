"""Repositories that sources name: they rest while GitHub does not show them, and come back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ingest.domain.filters import parse_filters
from ingest.domain.source_records import FROM_PAGE, DiscoveredRepository
from ingest.domain.sources import parse_sources
from ingest.services.sources.manage_sources import add_sources, change_filters
from support.world import OpenStage, Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault


class Named:
    """A collector of named repositories, polled as time passes."""

    def __init__(self, stage: Stage, sources: Sequence[str]) -> None:
        self.stage = stage
        self.add(*sources)

    def add(self, *sources: str) -> None:
        patterns = parse_sources(sources)
        now = self.stage.clock.now()
        add_sources(self.stage.state, patterns, origin=FROM_PAGE, now=now)
        self.pass_time(minutes=2)

    def pass_time(self, *, minutes: int) -> None:
        for _ in range(3 * minutes):
            self.stage.advance(20)
            self.stage.poll_due()

    def known(self, name: str) -> DiscoveredRepository:
        return next(
            e for e in self.stage.state.list_discovered_repositories() if e.full_name == name
        )

    def is_polled(self, name: str) -> bool:
        return not self.stage.record(name).paused


@pytest.fixture
def named(stage: OpenStage) -> Named:
    builder = WorldBuilder()
    builder.repository("acme/a").run().jobs(1)
    builder.repository("acme/b").run().jobs(1)
    return Named(stage(builder, at=600, watches=False), ["acme/a", "acme/b"])


def test_a_deleted_repository_that_a_person_resumed_is_asked_for_on(named: Named) -> None:
    """Else its reason would be shown for ever, although it is back."""
    world = named.stage.server.world
    deleted = world.by_name("acme/b")
    assert deleted is not None
    world.remove("acme/b")
    named.pass_time(minutes=12)
    named.stage.state.set_paused("acme/b", paused=False)
    world.add(deleted)
    named.pass_time(minutes=70)
    assert named.is_polled("acme/b")
    assert named.known("acme/b").suspension_reason is None


def test_a_deleted_repository_rests_and_comes_back_by_itself(named: Named) -> None:
    """It is asked for once an hour meanwhile; another one is polled on."""
    world = named.stage.server.world
    deleted = world.by_name("acme/b")
    assert deleted is not None
    world.remove("acme/b")
    named.pass_time(minutes=12)
    assert not named.is_polled("acme/b")
    assert "GitHub does not show it any more" in str(named.known("acme/b").suspension_reason)
    assert named.is_polled("acme/a")

    before = named.stage.requests(column="requests")
    polled_before = named.stage.requests("list_runs")
    named.pass_time(minutes=65)
    others = named.stage.requests() - before - (named.stage.requests("list_runs") - polled_before)
    assert others == 1, "the repository itself"

    world.add(deleted)
    named.pass_time(minutes=62)
    assert named.is_polled("acme/b")
    assert named.known("acme/b").suspension_reason is None


def test_a_repository_that_is_hidden_for_minutes_is_polled_as_soon_as_it_is_shown(
    named: Named,
) -> None:
    """In an outage GitHub answers 404 for what is there."""
    named.stage.fail(Fault(path="^/repos/acme/b", do="missing"))
    named.pass_time(minutes=3)
    assert named.stage.record("acme/b").failed_polls
    named.stage.fail()
    named.pass_time(minutes=5)
    assert named.is_polled("acme/b")
    assert not named.stage.record("acme/b").failed_polls


def test_a_name_that_github_does_not_show_is_asked_for_once(named: Named) -> None:
    """Its first poll reports it; it is collected once it exists."""
    named.add("acme/later")
    assert not named.is_polled("acme/later")
    assert "GitHub does not show it" in str(named.known("acme/later").suspension_reason)
    assert "acme/later" in {each.repository for each in named.stage.state.list_errors(limit=9)}
    named.pass_time(minutes=50)
    asked = named.stage.server.stats()["endpoints"]["get_repository"]["statuses"]
    assert asked.get("404") == 1, asked

    builder = WorldBuilder(named.stage.clock.now().isoformat().replace("+00:00", "Z"))
    builder.repository("acme/later", id=777).run(id=777).job(id=777)
    named.stage.server.world.add(builder.build().repositories[0])
    named.pass_time(minutes=75)
    assert named.is_polled("acme/later")
    assert "acme/later" in {each["data"]["repo"] for each in named.stage.runs()}


def test_a_check_that_fails_brings_no_lost_repository_back(named: Named) -> None:
    named.stage.server.world.remove("acme/b")
    named.pass_time(minutes=12)
    named.stage.fail(Fault(path="/repos/acme/b$", do="sso"))
    named.pass_time(minutes=62)
    assert not named.is_polled("acme/b")


def test_a_repository_that_a_list_shows_is_not_asked_for_by_itself(named: Named) -> None:
    """What the list says of it counts: here that it is archived, and later that it is not."""
    named.add("acme")
    world = named.stage.server.world
    world.change("acme/b", archived=True)
    named.pass_time(minutes=22)
    assert "archived" in str(named.known("acme/b").suspension_reason)
    world.change("acme/b", archived=False)
    before = named.stage.requests("get_repository")
    named.pass_time(minutes=12)
    assert named.is_polled("acme/b")
    assert named.stage.requests("get_repository") == before


def test_an_archived_repository_on_no_list_comes_back(stage: OpenStage) -> None:
    builder = WorldBuilder()
    builder.repository("acme/old", archived=True).run().jobs(1)
    named = Named(stage(builder, at=600, watches=False), ["acme/old"])
    named.pass_time(minutes=20)
    assert not named.is_polled("acme/old")
    assert len(named.stage.runs()) == 1
    named.stage.server.world.change("acme/old", archived=False)
    named.pass_time(minutes=75)
    assert named.is_polled("acme/old")


@pytest.mark.parametrize("exclusion", ["!acme/b", "!acme/z"])
def test_a_renamed_repository_is_left_out_by_each_of_its_names(
    stage: OpenStage, exclusion: str
) -> None:
    builder = WorldBuilder()
    builder.repository("acme/a").run().jobs(1)
    builder.repository("acme/b").run().jobs(1)
    named = Named(stage(builder, at=600, watches=False), ["acme"])
    named.stage.server.world.change("acme/b", full_name="acme/z")
    named.pass_time(minutes=12)
    assert named.known("acme/b").new_name == "acme/z"
    named.add(exclusion)
    assert not named.is_polled("acme/b")
    named.pass_time(minutes=12)
    assert not named.is_polled("acme/b")
    named.stage.state.remove_source(exclusion)
    named.pass_time(minutes=12)
    assert named.is_polled("acme/b")


def test_a_former_name_is_watched_under_the_present_one(stage: OpenStage) -> None:
    """It is looked up once, next to lists as well, and leaves with its source."""
    builder = WorldBuilder()
    builder.repository("acme/z", former_names=["acme/b"]).run().jobs(1)
    builder.repository("other/a").run().jobs(1)
    named = Named(stage(builder, at=600, watches=False), ["acme/b", "other"])
    assert {each["data"]["repo"] for each in named.stage.runs()} == {"acme/z", "other/a"}
    known = named.known("acme/z")
    assert (known.source, known.new_name) == ("acme/b", None)
    asked = named.stage.requests("get_repository")
    named.pass_time(minutes=40)
    assert named.is_polled("acme/z")
    assert named.stage.requests("get_repository") == asked
    change_filters(named.stage.state, "acme/b", parse_filters({"branches": "!*"}))
    named.stage.advance(11)
    assert named.stage.context.filters_of("acme/z") != named.stage.context.filters_of("other/a")
    named.stage.state.remove_source("acme/b")
    named.pass_time(minutes=12)
    assert not named.is_polled("acme/z")
