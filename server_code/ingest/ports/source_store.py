"""What the collector needs of a store of sources and credentials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.source_records import CredentialRecord, DiscoveredRepository, SourceRecord


class SourceStore(Protocol):
    """Sources, the repositories that they match, credentials, and the reported filters.

    Patterns and repository names are compared without regard to case. A record that is saved
    replaces the one of the same name.
    """

    def save_sources(self, records: Sequence[SourceRecord]) -> None:
        """Save sources by their patterns."""

    def remove_source(self, pattern: str) -> None:
        """Remove a source; its repositories stay."""

    def list_sources(self) -> list[SourceRecord]:
        """List all, by pattern."""

    def save_discovered_repositories(self, records: Sequence[DiscoveredRepository]) -> None:
        """Save what is known of repositories, by their names."""

    def list_discovered_repositories(self) -> list[DiscoveredRepository]:
        """List all, by name."""

    def find_discovered_repositories(self, repository_id: int) -> list[DiscoveredRepository]:
        """Find the repositories with an id of GitHub's, by name."""

    def save_credentials(self, records: Sequence[CredentialRecord]) -> None:
        """Save what is known of credentials, by their names."""

    def remove_credential(self, name: str) -> None:
        """Remove a credential that is no longer configured."""

    def list_credentials(self) -> list[CredentialRecord]:
        """List all, by name."""

    def save_reported_filters(self, filters: str) -> None:
        """Save the filters of the settings that were last recorded in the audit trail."""

    def load_reported_filters(self) -> str | None:
        """Load the filters that were last recorded in the audit trail; None if none were."""
