"""Sources (patterns of repositories) and what was discovered of them, in Data Tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from ...domain.codec import decode_dataclass, encode_dataclass, upgrade_body
from ...domain.source_records import CredentialRecord, DiscoveredRepository, SourceRecord
from ...domain.stored_values import escape_text, from_json, repository_key, to_json
from ...ports import SourceStore
from .cached_rows import CachedRows, saved_at_column
from .errors import translate_errors
from .seldom_changed import SeldomChangedTable
from .table import Table, chunks_by_count, first_of_each_key
from .transactions import transact

SOURCES = SeldomChangedTable("sources")
DISCOVERED = SeldomChangedTable("discovered_repositories")
CREDENTIALS = SeldomChangedTable("credentials")
_FILTERS = Table("reported_filters")

#: The key of the only row of the reported filters.
_FILTERS_KEY = "settings"


@translate_errors
class TableSources(SourceStore):
    """Records of sources and credentials, each under its name."""

    def save_sources(self, records: Sequence[SourceRecord]) -> None:
        """Save sources by their patterns."""
        _save_all(SOURCES, {repository_key(each.pattern): each for each in records})

    def remove_source(self, pattern: str) -> None:
        """Remove a source; its repositories stay."""
        SOURCES.delete_by("key", [repository_key(pattern)])

    def list_sources(self) -> list[SourceRecord]:
        """List all, by pattern."""
        return [decode_dataclass(SourceRecord, body) for body in _list_all(SOURCES)]

    def save_discovered_repositories(self, records: Sequence[DiscoveredRepository]) -> None:
        """Save what is known of repositories, by their names."""
        known = {repository_key(each.full_name): each for each in records}
        rows = [
            {"repository_id": str(each.repository_id), **_row(key, each)}
            for key, each in known.items()
        ]
        for chunk in chunks_by_count(rows):
            transact(partial(_save_discovered, chunk))

    def list_discovered_repositories(self) -> list[DiscoveredRepository]:
        """List all, by name."""
        return [decode_dataclass(DiscoveredRepository, body) for body in _list_all(DISCOVERED)]

    def find_discovered_repositories(self, repository_id: int) -> list[DiscoveredRepository]:
        """Find repositories by GitHub's id, in the order of their names."""
        found = _list_all(DISCOVERED, where={"repository_id": str(repository_id)})
        return [decode_dataclass(DiscoveredRepository, body) for body in found]

    def save_credentials(self, records: Sequence[CredentialRecord]) -> None:
        """Save what was learned of credentials, by their names."""
        _save_all(CREDENTIALS, {escape_text(each.name): each for each in records})

    def remove_credential(self, name: str) -> None:
        """Remove a credential that is no longer configured."""
        CREDENTIALS.delete_by("key", [escape_text(name)])

    def list_credentials(self) -> list[CredentialRecord]:
        """List all, by name."""
        return [decode_dataclass(CredentialRecord, body) for body in _list_all(CREDENTIALS)]

    def save_reported_filters(self, filters: str) -> None:
        """Save the settings' filters that the audit trail recorded last."""
        transact(lambda: _FILTERS.upsert([{"key": _FILTERS_KEY, "body": to_json(filters)}]))

    def load_reported_filters(self) -> str | None:
        """Load the filters that the audit trail recorded last; None before the first time."""
        row = _FILTERS.first(columns=("key", "body"), where={"key": _FILTERS_KEY})
        return None if row is None else str(from_json(row["body"]))


def discovered_cache() -> CachedRows[DiscoveredRepository]:
    """Make the cache of discovered repositories."""
    return CachedRows(("key", "body", "saved_at"), _discovered)


def _discovered(row: Any) -> DiscoveredRepository:  # noqa: ANN401 - a row
    return decode_dataclass(DiscoveredRepository, upgrade_body(from_json(row["body"])))


def _save_discovered(rows: Sequence[Mapping[str, Any]]) -> None:
    """Save rows with the time of this try: pages read what was saved since seconds ago."""
    DISCOVERED.upsert([{**row, **saved_at_column()} for row in rows])


def _save_all(table: Table, records: Mapping[str, object]) -> None:
    for chunk in chunks_by_count([_row(key, each) for key, each in records.items()]):
        transact(partial(table.upsert, chunk))


def _row(key: str, record: object) -> dict[str, Any]:
    return {"key": key, "body": to_json(encode_dataclass(record))}


def _list_all(table: Table, where: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    rows = first_of_each_key(table.search(columns=("key", "body"), where=where))
    return [upgrade_body(from_json(row["body"])) for row in sorted(rows, key=itemgetter("key"))]
