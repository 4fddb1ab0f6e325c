"""Sources whose owner was renamed on GitHub: they follow the owner's number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...domain.source_records import SourceRecord
from ...domain.sources import parse_source


def follow_owner(record: SourceRecord, owners: Mapping[int, str]) -> SourceRecord:
    """Return a source with its owner's number, and with the owner's new name if it was renamed.

    ``owners`` are names by number. Another owner may have taken the former name: only the number
    shows which owner the source means.
    """
    owner = parse_source(record.pattern).exact_owner
    if owner is None:
        return record
    if record.owner_id is None:
        numbers = (number for number, name in owners.items() if name.lower() == owner.lower())
        return replace(record, owner_id=next(numbers, None))
    name = owners.get(record.owner_id, record.renamed_to or owner)
    return replace(record, renamed_to=None if name.lower() == owner.lower() else name)


def is_renamed(record: SourceRecord, before: SourceRecord) -> bool:
    """Return whether a source's owner has another name than before; exclusions do not matter."""
    return record.renamed_to != before.renamed_to and not record.pattern.startswith("!")


def describe_owner_rename(record: SourceRecord) -> str:
    """Return a sentence about what follows from the new name of an owner."""
    owner = parse_source(record.pattern).owner
    new = record.renamed_to or owner
    return (
        f"follows the owner of {record.pattern}, now named {new} on GitHub, so new repositories of "
        f"{new} are watched too. Write {new} instead of {owner} in the sources when convenient."
    )
