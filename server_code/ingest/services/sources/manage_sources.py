"""Add, change and remove sources, and plan what a removal changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ...domain.counted_nouns import join_first, plural
from ...domain.filters import NO_FILTERS, Filters
from ...domain.source_records import ALL_OWNERS, FROM_SETTINGS, SourceRecord, sources_of
from ...domain.sources import SourcePattern, Sources, parse_source
from ...domain.stored_values import repository_key
from ...errors import NotFound, Rejected
from ...ports import StateStore
from .suspend_repositories import NO_SOURCE, suspend_or_resume

#: How many names a sentence lists; the others are counted.
NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What the removal of a source does to its repositories.

    ``suspended`` are not polled any more; ``kept`` (name to source) belong to another one;
    ``resumed`` are those that no other exclusion leaves out.
    """

    pattern: str
    suspended: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    resumed: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return what happens, as a sentence."""
        if self.pattern.startswith("!"):
            return f"{_counted(len(self.resumed))} watched again{_in_brackets(self.resumed)}."
        parts = [_suspension(self.suspended)]
        if self.kept:
            others = join_first(sorted({other for _, other in self.kept}), NAMES_SHOWN)
            parts.append(f"{_counted(len(self.kept))} still watched because of {others}")
        return f"{'; '.join(parts)}."


def add_sources(
    store: StateStore,
    patterns: Collection[SourcePattern],
    *,
    origin: str,
    now: datetime,
    filters: Filters = NO_FILTERS,
) -> bool:
    """Add sources with filters unless they are there; return whether any is new."""
    known = {each.pattern.lower() for each in store.list_sources()}
    new = [
        SourceRecord(pattern=str(each), added_at=now, origin=origin, filters=filters)
        for each in patterns
        if str(each).lower() not in known
    ]
    store.save_sources(new)
    return bool(new)


def plan_removal(store: StateStore, pattern: str) -> Removal:
    """Return what the removal of a source would do. Raises NotFound."""
    record = load_source(store, pattern)
    kept_records = (each for each in store.list_sources() if each.pattern != record.pattern)
    others = sources_of(kept_records)
    removed = parse_source(record.pattern)
    if removed.is_exclusion:
        return Removal(pattern=record.pattern, resumed=_left_out_by(store, removed, others))
    suspended: list[str] = []
    kept: list[tuple[str, str]] = []
    for known in store.list_discovered_repositories():
        if known.source.lower() != record.pattern.lower() or known.suspension_reason:
            continue
        names = (known.full_name, known.new_name or known.full_name)
        other = next((each for each in map(others.source_of, names) if each is not None), None)
        if other is None or others.exclusion_of(*names):
            suspended.append(known.full_name)
        else:
            kept.append((known.full_name, str(other)))
    return Removal(pattern=record.pattern, suspended=tuple(suspended), kept=tuple(kept))


def describe_exclusion(store: StateStore, exclusion: SourcePattern) -> str:
    """Return a sentence about what a new exclusion would do."""
    known = sources_of(store.list_sources())
    sources = replace(known, patterns=(*known.patterns, exclusion))
    matched = [
        each
        for each in store.list_discovered_repositories()
        if each.suspension_reason is None and any(exclusion.matches(name) for name in each.names)
    ]
    left_out: list[str] = []
    kept: list[str] = []
    for each in matched:
        is_left_out = sources.exclusion_of(*each.names) is not None
        (left_out if is_left_out else kept).append(each.full_name)
    sentence = _suspension(left_out)
    if kept:
        named = join_first(kept, NAMES_SHOWN)
        sentence += f"; {_counted(len(kept))} still watched: a source names {named}"
    return f"{sentence}."


def _left_out_by(store: StateStore, exclusion: SourcePattern, others: Sources) -> tuple[str, ...]:
    """Return the known repositories that others include, and only an exclusion leaves out.

    A source of all owners includes only what is on a credential's own list.
    """
    is_listed = {
        each.full_name: True
        for each in store.list_discovered_repositories()
        if each.suspension_reason
    }
    for credential in store.list_credentials():
        for each in credential.repository_lists:
            is_listed |= {
                name: each.owner == ALL_OWNERS or is_listed.get(name, False) for name in each.names
            }
    return tuple(
        name
        for name, is_listed_to_credential in sorted(is_listed.items())
        if exclusion.matches(name)
        and others.source_of(name, is_listed_to_credential=is_listed_to_credential) is not None
        and others.exclusion_of(name) is None
    )


def remove_source(store: StateStore, pattern: str) -> Removal:
    """Remove a source, and suspend the repositories that no other source matches.

    Raises NotFound, or Rejected for a source that the settings would bring back.
    """
    record = load_source(store, pattern)
    if record.origin == FROM_SETTINGS:
        raise Rejected(
            f"{record.pattern} is set in REPOSITORIES. Remove it there; "
            f"Runstream follows at its next start: {plan_removal(store, pattern).sentence}"
        )
    return delete_source(store, record.pattern)


def delete_source(store: StateStore, pattern: str) -> Removal:
    """Remove a source, wherever it came from. Raises NotFound."""
    removal = plan_removal(store, pattern)
    store.remove_source(removal.pattern)
    known = {repository_key(each.full_name): each for each in store.list_discovered_repositories()}
    changed = [replace(known[repository_key(name)], source=other) for name, other in removal.kept]
    records = {repository_key(name): store.load_repository(name) for name in removal.suspended}
    to_pause = [key for key, record in records.items() if record is not None and not record.paused]
    known |= {key: replace(known[key], is_auto_paused=True) for key in to_pause}
    store.save_discovered_repositories([known[key] for key in to_pause])  # at once, not one by one
    for key, record in records.items():
        if record is not None:
            changed.append(suspend_or_resume(store, record, known[key], NO_SOURCE))
    store.save_discovered_repositories(changed)
    make_sources_due(store)
    return removal


def change_filters(store: StateStore, pattern: str, filters: Filters) -> str:
    """Change the filters of a source; return a sentence that lists them. Raises NotFound."""
    record = load_source(store, pattern)
    store.save_sources([replace(record, filters=filters)])
    texts = "; ".join(f"{name} {text}" for name, text in filters.as_texts().items())
    return f"Filters of {record.pattern}: {texts or 'none'}."


def make_sources_due(store: StateStore) -> None:
    """Let the next discovery list all sources."""
    store.save_sources([replace(each, listed_at=None) for each in store.list_sources()])


def load_source(store: StateStore, pattern: str) -> SourceRecord:
    """Load a source by its pattern. Raises NotFound."""
    for record in store.list_sources():
        if record.pattern.lower() == pattern.lower():
            return record
    raise NotFound(f"{pattern} is not a source of this installation.")


def _suspension(names: Sequence[str]) -> str:
    sentence = f"{_counted(len(names))} no longer polled{_in_brackets(names)}"
    return f"{sentence}; what was collected is kept" if names else sentence


def _in_brackets(names: Sequence[str]) -> str:
    """Return the first names; the others are counted."""
    return f" ({join_first(names, NAMES_SHOWN)})" if names else ""


def _counted(number: int) -> str:
    return plural(number, "repository is", "repositories are")
