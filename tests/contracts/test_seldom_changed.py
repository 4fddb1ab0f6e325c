"""What changes seldom is loaded as it is after each change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ingest.domain.ledger import DESIRED_PAUSED, DESIRED_RUNNING, MAX_ERRORS
from ingest.domain.source_records import CredentialRecord, DiscoveredRepository, SourceRecord
from ingest.ports import DashboardReads, StateStore
from support.state_records import NOW, a_collection, an_error, at

SOURCE = SourceRecord(pattern="octo/*", added_at=NOW, origin="settings")
CREDENTIAL = CredentialRecord(name="token", kind="token", updated_at=NOW)
FOUND = DiscoveredRepository(full_name="octo/api", source="octo/*", discovered_at=NOW)
CHANGES: tuple[Callable[[StateStore], object], ...] = (
    lambda state: state.save_desired_state("monitor", DESIRED_PAUSED),
    lambda state: state.save_desired_state("monitor", DESIRED_RUNNING),
    lambda state: state.save_collection(a_collection("c1")),
    lambda state: state.save_collection(a_collection("c1", note="n")),
    lambda state: state.save_collection(a_collection("c2", updated_at=at(90_000))),
    lambda state: state.add_error(an_error(message="one")),
    lambda state: state.add_error(an_error(1, message="two")),
    lambda state: state.remove_errors([an_error(message="one")]),
    lambda state: state.save_sources([SOURCE]),
    lambda state: state.save_sources([replace(SOURCE, last_error="e")]),
    lambda state: state.remove_source("octo/*"),
    lambda state: state.save_credentials([CREDENTIAL]),
    lambda state: state.save_credentials([replace(CREDENTIAL, remaining=7)]),
    lambda state: state.remove_credential("token"),
    lambda state: state.save_discovered_repositories([FOUND]),
    lambda state: state.save_discovered_repositories([replace(FOUND, is_archived=True)]),
)


class TestSeldomChanged:
    @pytest.fixture
    def writer(self, state: StateStore) -> StateStore:
        """Return the store that another process has opened, where it is not the same."""
        return state

    def test_each_change_is_there_with_the_next_load(
        self, state: StateStore, writer: StateStore
    ) -> None:
        before = listed(state.for_dashboard())
        for change in CHANGES:
            change(writer)
            loaded = listed(state.for_dashboard())
            assert loaded == listed(writer)
            assert loaded != before
            before = loaded


def listed(page: DashboardReads) -> list[object]:
    return [
        page.list_repositories(),
        page.list_discovered_repositories(),
        page.load_desired_states(),
        page.list_collections(),
        page.list_errors(limit=MAX_ERRORS),
        page.list_sources(),
        page.list_credentials(),
    ]
