"""Sources (patterns of repositories) and what was discovered of them, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...domain.codec import decode_dataclass, encode_dataclass, upgrade_body
from ...domain.source_records import CredentialRecord, DiscoveredRepository, SourceRecord
from ...domain.stored_values import escape_text, from_json, repository_key, to_json
from ...ports import SourceStore
from .database import SqlStore
from .session import upsert

_SOURCES = "sources"
_CREDENTIALS = "credentials"
_FILTERS = "reported_filters"

_SAVE = upsert("{}", "name_key", "record")
_SAVE_DISCOVERED = upsert("discovered_repositories", "name_key", "repository_id, record")
_FIND_DISCOVERED = """
    SELECT record FROM discovered_repositories WHERE repository_id = ? ORDER BY name_key
"""
_LIST = "SELECT record FROM {} ORDER BY name_key"
_REMOVE = "DELETE FROM {} WHERE name_key = ?"


class SqlSources(SqlStore, SourceStore):
    """Records of sources and credentials, each under its name."""

    def save_sources(self, records: Sequence[SourceRecord]) -> None:
        """Save sources by their patterns."""
        self._save_all(_SOURCES, {repository_key(each.pattern): each for each in records})

    def remove_source(self, pattern: str) -> None:
        """Remove a source; its repositories stay."""
        self._remove(_SOURCES, repository_key(pattern))

    def list_sources(self) -> list[SourceRecord]:
        """List all, by pattern."""
        return [decode_dataclass(SourceRecord, body) for body in self._list_all(_SOURCES)]

    def save_discovered_repositories(self, records: Sequence[DiscoveredRepository]) -> None:
        """Save what is known of repositories, by their names."""
        known = {repository_key(each.full_name): each for each in records}
        rows = [
            (key, each.repository_id, to_json(encode_dataclass(each)))
            for key, each in sorted(known.items())
        ]
        self._database.write(lambda session: session.insert(_SAVE_DISCOVERED, rows))

    def list_discovered_repositories(self) -> list[DiscoveredRepository]:
        """List all, by name."""
        found = self._list_all("discovered_repositories")
        return [decode_dataclass(DiscoveredRepository, body) for body in found]

    def find_discovered_repositories(self, repository_id: int) -> list[DiscoveredRepository]:
        """Find repositories by GitHub's id, in the order of their names."""
        rows = self._database.read(_FIND_DISCOVERED, (repository_id,))
        return [decode_dataclass(DiscoveredRepository, body) for body in _bodies(rows)]

    def save_credentials(self, records: Sequence[CredentialRecord]) -> None:
        """Save what was learned of credentials, by their names."""
        self._save_all(_CREDENTIALS, {escape_text(each.name): each for each in records})

    def remove_credential(self, name: str) -> None:
        """Remove a credential that is no longer configured."""
        self._remove(_CREDENTIALS, escape_text(name))

    def list_credentials(self) -> list[CredentialRecord]:
        """List all, by name."""
        return [decode_dataclass(CredentialRecord, body) for body in self._list_all(_CREDENTIALS)]

    def save_reported_filters(self, filters: str) -> None:
        """Save the settings' filters that the audit trail recorded last."""
        row = ("settings", to_json(filters))
        self._database.write(lambda session: session.insert(_SAVE.format(_FILTERS), [row]))

    def load_reported_filters(self) -> str | None:
        """Load the filters that the audit trail recorded last; None before the first time."""
        rows = self._database.read(_LIST.format(_FILTERS))
        return str(from_json(rows[0][0])) if rows else None

    def _save_all(self, table: str, records: Mapping[str, object]) -> None:
        rows = [(key, to_json(encode_dataclass(record))) for key, record in sorted(records.items())]
        self._database.write(lambda session: session.insert(_SAVE.format(table), rows))

    def _remove(self, table: str, key: str) -> None:
        self._database.write(lambda session: session.execute(_REMOVE.format(table), (key,)))

    def _list_all(self, table: str) -> Iterable[dict[str, Any]]:
        return _bodies(self._database.read(_LIST.format(table)))


def _bodies(rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [upgrade_body(from_json(record)) for (record,) in rows]
