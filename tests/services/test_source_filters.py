"""The filters of sources: looked up often, and the repositories' new names after discoveries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ingest.adapters.sql import open_sql_state
from ingest.domain.filters import NO_FILTERS, Filters, parse_filters
from ingest.domain.source_records import DiscoveredRepository, SourceRecord
from ingest.domain.sources import SourcePattern
from ingest.domain.sources import Sources as GivenSources
from ingest.services.source_filters import LOOK_UP_EVERY, SourceFilters
from support.changed_ports import Changed
from support.stub_github import StillClock

START = datetime(2026, 5, 1, tzinfo=timezone.utc)
FILTERS = parse_filters({"branches": "main"})


class Sources:
    """A state with one filtered source, and what a poll finds there."""

    def __init__(self) -> None:
        self.state = open_sql_state("sqlite://")
        self.clock = StillClock()
        self.filters = SourceFilters()
        self.listed(START)

    def listed(self, at: datetime) -> None:
        record = SourceRecord(
            pattern="umbra/*", added_at=START, origin="test", filters=FILTERS, listed_at=at
        )
        self.state.save_sources([record])

    def transfer(self) -> None:
        known = DiscoveredRepository(full_name="acme/api", source="acme/*", discovered_at=START)
        self.state.save_discovered_repositories([replace(known, new_name="umbra/api")])

    def find(self) -> Filters:
        self.clock.sleep(LOOK_UP_EVERY.total_seconds())
        return self.filters.find(self.state, self.clock, "acme/api")


def test_a_new_name_counts_as_soon_as_a_discovery_has_ended() -> None:
    """And is not looked for in between, among all repositories that are known."""
    here = Sources()
    assert here.find() == NO_FILTERS
    here.transfer()
    for _ in range(30):
        assert here.find() == NO_FILTERS
    here.listed(START + timedelta(minutes=9))
    assert here.find() == FILTERS


def test_a_new_name_counts_though_it_was_discovered_while_names_were_loaded() -> None:
    """Another thread of the agent loads the sources at that moment."""
    here = Sources()

    def list_before_discovery() -> list[DiscoveredRepository]:
        before = here.state.list_discovered_repositories()
        here.transfer()
        here.listed(START + timedelta(minutes=9))
        here.find()
        return before

    slow = Changed(here.state, list_discovered_repositories=list_before_discovery)
    here.filters.find(slow, here.clock, "acme/api")
    assert here.find() == FILTERS


def test_a_source_that_is_replaced_while_it_is_found_has_its_filters(monkeypatch) -> None:
    """Another thread of the agent loads the sources at that moment."""
    here = Sources()
    find_source = GivenSources.source_of

    def find_and_replace(self: GivenSources, name: str) -> SourcePattern | None:
        monkeypatch.undo()
        here.state.remove_source("umbra/*")
        one = SourceRecord(pattern="umbra/api", added_at=START, origin="test", filters=FILTERS)
        here.state.save_sources([one])
        here.find()
        return find_source(self, name)

    monkeypatch.setattr(GivenSources, "source_of", find_and_replace)
    assert here.filters.find(here.state, here.clock, "umbra/api") == FILTERS
    assert here.filters.find(here.state, here.clock, "umbra/api") == FILTERS
