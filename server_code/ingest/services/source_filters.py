"""The filters of sources, loaded from the state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.filters import NO_FILTERS, Filters
from ..domain.source_records import sources_of
from ..domain.sources import Sources
from ..domain.stored_values import repository_key
from ..ports import Clock, SourceStore

#: Every process applies changed filters after this time at most. The same holds for the filters of
#: a renamed or transferred repository's new source.
LOOK_UP_EVERY = timedelta(seconds=10)


@dataclass(slots=True)
class SourceFilters:
    """The filters of each source, loaded from the state every few seconds.

    ``_loaded``: the sources, and the filters of each, from one load, because another thread may
    load them at any moment. ``_listed_at``: when each source was last listed. ``_other_names``:
    the names that each repository has on GitHub and in its source. They are loaded again after
    each discovery, which changes ``_listed_at``; ``_names_listed_at`` is its value when they were
    loaded.
    """

    _next_at: datetime | None = None
    _loaded: tuple[Sources, dict[str, Filters]] = field(default_factory=lambda: (Sources(()), {}))
    _listed_at: frozenset[datetime | None] = frozenset()
    _names_listed_at: frozenset[datetime | None] = frozenset()
    _other_names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, store: SourceStore, clock: Clock, repository: str) -> Filters:
        """Return the filters of a repository's source, or NO_FILTERS. Raises StateUnavailable."""
        sources, filters = self._look_up(store, clock)
        # If no source has filters, the repository need not be matched.
        if not any(each.are_set for each in filters.values()):
            return NO_FILTERS
        source = self._source_among(sources, store, repository)
        return NO_FILTERS if source is None else filters[source]

    def source_of(self, store: SourceStore, clock: Clock, repository: str) -> str | None:
        """Return the pattern of a repository's source, or None. Raises StateUnavailable.

        Discovery lists a repository that was renamed or transferred under its new name, but a
        source that names this repository may still use a former name.
        """
        sources, _ = self._look_up(store, clock)
        return self._source_among(sources, store, repository)

    def _source_among(self, sources: Sources, store: SourceStore, repository: str) -> str | None:
        self._look_up_names(store)
        names = (*self._other_names.get(repository_key(repository), ()), repository)
        found = [each for each in map(sources.source_of, names) if each is not None]
        pattern = next(
            (each for each in found if each.names_one_repository), next(iter(found), None)
        )
        return None if pattern is None else str(pattern)

    def _look_up_names(self, store: SourceStore) -> None:
        """Load the other names of repositories, once after each discovery."""
        listed_at = self._listed_at  # another thread may change it meanwhile
        if self._names_listed_at != listed_at:
            self._other_names = {
                repository_key(each.full_name): each.names[1:]
                for each in store.list_discovered_repositories()
            }
            self._names_listed_at = listed_at

    def _look_up(self, store: SourceStore, clock: Clock) -> tuple[Sources, dict[str, Filters]]:
        """Return the sources and their filters, loaded again if that was long ago."""
        now = clock.now()
        if self._next_at is None or not now < self._next_at < now + 2 * LOOK_UP_EVERY:
            records = store.list_sources()
            filters = {each.pattern: each.filters for each in records}
            self._loaded = sources_of(records), filters
            self._listed_at = frozenset(each.listed_at for each in records)
            self._next_at = now + LOOK_UP_EVERY
        return self._loaded
