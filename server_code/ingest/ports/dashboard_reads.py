"""What pages read again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..domain.collection_records import CollectionRecord
from ..domain.ledger import ErrorRecord, RepositoryRecord
from ..domain.source_records import CredentialRecord, DiscoveredRepository, SourceRecord


class DashboardReads(Protocol):
    """The lists that each refresh of a page needs; a store may read only what has changed.

    Repositories may lack fields that no page shows.
    """

    def list_repositories(self) -> list[RepositoryRecord]:
        """List all watched repositories, by name."""

    def list_discovered_repositories(self) -> list[DiscoveredRepository]:
        """List all that was discovered, by name."""

    def load_desired_states(self) -> Mapping[str, str]:
        """Load the desired states by agent."""

    def list_collections(self) -> list[CollectionRecord]:
        """List the manual collections, newest started first."""

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""

    def list_sources(self) -> list[SourceRecord]:
        """List all sources, by pattern."""

    def list_credentials(self) -> list[CredentialRecord]:
        """List all credentials, by name."""
