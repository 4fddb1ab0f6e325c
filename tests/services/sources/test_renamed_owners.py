"""An organization that is renamed: its source follows it, also to new repositories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from ingest.domain.sources import parse_sources
from ingest.services.dashboard.sources import list_source_rows
from ingest.services.sources.discover_sources import DISCOVER_EVERY, discover_at_start
from support.world import Stage
from support.world_builder import WorldBuilder

from standalone.sandbox.repository import Repository
from standalone.sandbox.world import World

OLD, NEW = "octo", "octo-cat"
SECONDS = DISCOVER_EVERY.total_seconds() + 60


@pytest.fixture
def here() -> Iterator[Stage]:
    """A collector that watches an organization, but for some of its repositories."""
    builder = WorldBuilder()
    for name in ("octo/api", "octo/web", "octo/sandbox", "other/api"):
        builder.repository(name).run(seconds=20).job(seconds=10)
    stage = Stage(builder, at=100)
    sources = parse_sources(["octo", "!octo/sandbox*"])
    stage.context = replace(stage.context, sources=sources)
    discover_at_start(stage.context)
    stage.poll_when_due(60, every=10)
    yield stage
    stage.close()


def create(here: Stage, name: str, number: int, first_owner: str | None = None) -> None:
    """Create a repository."""
    spec = next(iter(here.server.world.repositories)).spec
    spec = replace(spec, id=number, full_name=name, former_names=(), first_owner=first_owner)
    here.server.world.add(Repository(spec))


def rename_owner(world: World, owner: str, new_name: str) -> None:
    """Rename the owner of repositories; the owner's id stays the same."""
    for each in [item.spec for item in world.repositories if item.spec.owner == owner]:
        full_name = f"{new_name}/{each.name}"
        world.change(each.full_name, full_name=full_name, first_owner=each.first_owner or owner)


def watched(here: Stage) -> set[str]:
    return {each.full_name for each in here.state.list_repositories() if not each.paused}


@pytest.mark.parametrize("times", [1, 2])
def test_new_repositories_of_a_renamed_owner_are_watched(
    here: Stage, caplog: pytest.LogCaptureFixture, times: int
) -> None:
    """However often; what was watched goes on, and people read what happened, once."""
    owner = OLD
    for number in range(times):
        new = f"{NEW}-{number}"
        rename_owner(here.server.world, owner, new)
        owner = new
        create(here, f"{new}/new", 900 + 2 * number, first_owner=OLD)
        create(here, f"{new}/sandbox-2", 901 + 2 * number, first_owner=OLD)
        here.poll_when_due(2 * SECONDS, every=10)
        assert f"{new}/new" in watched(here)
    assert {"octo/api", "octo/web"} <= watched(here)
    assert not any("sandbox" in name for name in watched(here))
    assert not any(each.failed_polls for each in here.state.list_repositories())
    rows = {row["pattern"]: row for row in list_source_rows(here.state)}
    assert rows["octo/*"]["renamed_to"] == owner
    assert rows["octo/*"]["error"] is None
    assert len([e for e in caplog.records if "now named octo-cat-" in e.getMessage()]) == times
    assert len([e for e in here.state.list_activities(limit=9) if NEW in e.action]) == times


def test_an_owner_that_has_its_former_name_again_needs_no_other_source(here: Stage) -> None:
    for name, new_name in ((OLD, NEW), (NEW, OLD)):
        rename_owner(here.server.world, name, new_name)
        here.poll_when_due(2 * SECONDS, every=10)
    newest, *_ = [each.action for each in here.state.list_activities(limit=9)]
    assert "named octo on GitHub again" in newest
    assert "Write" not in newest


def test_another_account_that_takes_the_name_is_not_watched(here: Stage) -> None:
    rename_owner(here.server.world, OLD, NEW)
    here.poll_when_due(2 * SECONDS, every=10)
    create(here, "octo/squatted", 900, first_owner="somebody")
    here.poll_when_due(2 * SECONDS, every=10)
    assert "octo/squatted" not in watched(here)


def test_the_owner_of_a_transferred_repository_is_not_followed(here: Stage) -> None:
    """Nor the one that took all of them, before the account was deleted."""
    for name in ("api", "web", "sandbox"):
        here.server.world.change(f"octo/{name}", full_name=f"other/octo-{name}")
    create(here, "other/new", 900)
    here.poll_when_due(2 * SECONDS, every=10)
    assert watched(here) == {"octo/api", "octo/web"}
