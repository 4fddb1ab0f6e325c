"""What every state store keeps of sources, discovered repositories and credentials."""

from __future__ import annotations

from dataclasses import replace

from ingest.domain.filters import LOGS_FAILED, Filters
from ingest.domain.globs import parse_globs
from ingest.domain.source_records import (
    CredentialRecord,
    CredentialRefusal,
    DiscoveredRepository,
    SourceRecord,
    StoredList,
)
from ingest.ports import SourceStore
from support.state_records import LARGEST_ID, NOW, at

A_SOURCE = SourceRecord(
    pattern="Acme/web-*",
    added_at=NOW,
    origin="command line",
    filters=Filters(branches=parse_globs("main,!x"), logs=LOGS_FAILED),
    listed_at=at(1),
    found=12,
    left_out=3,
    last_error="a\x00b 🚀",
)
A_REPOSITORY = DiscoveredRepository(
    full_name="Acme/Web-Shop",
    source="Acme/web-*",
    discovered_at=NOW,
    repository_id=LARGEST_ID,
    new_name="acme/shop",
    is_private=True,
    is_archived=True,
    is_disabled=True,
    suspension_reason="archived",
    is_auto_paused=True,
)
A_CREDENTIAL = CredentialRecord(
    name="token-0123",
    kind="token",
    updated_at=NOW,
    owner="mona",
    repository_lists=(StoredList(owner="acme", validator='W/"1"', names=("acme/a", "acme/b")),),
    refusals=(CredentialRefusal(scope="other/x", until=at(3600), reason="404"),),
    missing_permissions=("actions: read",),
    limit=5000,
    remaining=4000,
    reset_at=at(60),
    expires_at=at(86400),
    rejection="401",
)


class TestSources:
    def test_sources_are_listed_by_pattern(self, state: SourceStore) -> None:
        """The last record of a pattern counts, however it is spelled."""
        other = SourceRecord(pattern="*", added_at=NOW, origin="REPOSITORIES")
        state.save_sources([replace(A_SOURCE, pattern="ACME/WEB-*", found=1), other])
        state.save_sources([A_SOURCE])
        assert state.list_sources() == [other, A_SOURCE]

    def test_a_source_is_removed(self, state: SourceStore) -> None:
        state.save_sources([A_SOURCE])
        state.remove_source("acme/WEB-*")
        state.remove_source("acme/web-*")
        assert state.list_sources() == []

    def test_the_filters_that_were_reported_last_count(self, state: SourceStore) -> None:
        assert state.load_reported_filters() is None
        for filters in ("BRANCHES main", "WORKFLOWS größe*; LOGS failed"):
            state.save_reported_filters(filters)
            assert state.load_reported_filters() == filters

    def test_no_sources_to_save_are_no_error(self, state: SourceStore) -> None:
        state.save_sources([])
        assert state.list_sources() == []


class TestDiscovered:
    def test_repositories_are_listed_by_name(self, state: SourceStore) -> None:
        other = DiscoveredRepository(full_name="acme/a", source="*", discovered_at=NOW)
        state.save_discovered_repositories([A_REPOSITORY, other])
        state.save_discovered_repositories([replace(other, full_name="ACME/A", is_archived=True)])
        listed = state.list_discovered_repositories()
        assert state.for_dashboard().list_discovered_repositories() == listed
        assert listed == [replace(other, full_name="ACME/A", is_archived=True), A_REPOSITORY]

    def test_repositories_are_found_by_their_number(self, state: SourceStore) -> None:
        """The number that was saved last counts, and some have none."""
        other = replace(A_REPOSITORY, full_name="acme/other", repository_id=1)
        unknown = replace(A_REPOSITORY, full_name="acme/unknown", repository_id=None)
        state.save_discovered_repositories([A_REPOSITORY, other, unknown])
        state.save_discovered_repositories([replace(other, repository_id=2)])
        assert state.find_discovered_repositories(LARGEST_ID) == [A_REPOSITORY]
        assert state.find_discovered_repositories(1) == []
        assert state.find_discovered_repositories(2) == [replace(other, repository_id=2)]

    def test_many_repositories_are_saved_at_once(self, state: SourceStore) -> None:
        many = [replace(A_REPOSITORY, full_name=f"acme/r-{number:04}") for number in range(1, 301)]
        state.save_discovered_repositories(many)
        assert state.list_discovered_repositories() == many


class TestCredentials:
    def test_credentials_are_listed_by_name(self, state: SourceStore) -> None:
        app = CredentialRecord(name="installation-1", kind="app", updated_at=NOW)
        state.save_credentials([replace(A_CREDENTIAL, remaining=1), app])
        state.save_credentials([A_CREDENTIAL])
        assert state.list_credentials() == [app, A_CREDENTIAL]
        assert state.list_credentials()[1].repositories == {"acme/a", "acme/b"}

    def test_a_credential_is_removed(self, state: SourceStore) -> None:
        state.save_credentials([A_CREDENTIAL])
        state.remove_credential(A_CREDENTIAL.name)
        assert state.list_credentials() == []
