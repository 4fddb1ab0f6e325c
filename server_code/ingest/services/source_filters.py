"""The filters of sources, as the state holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.filters import NO_FILTERS, Filters
from ..domain.source_records import sources_of
from ..domain.sources import Sources
from ..domain.stored_values import repository_key
from ..ports import Clock, SourceStore

#: A changed filter applies after this time in every process, and so do those of a repository that
#: goes to another source, because a discovery found it renamed or transferred.
LOOK_UP_EVERY = timedelta(seconds=10)


@dataclass(slots=True)
class SourceFilters:
    """The filters of each source, as of a few seconds ago."""

    _next_at: datetime | None = None
    _filters: dict[str, Filters] = field(default_factory=dict)
    _sources: Sources = field(default_factory=lambda: Sources(()))
    _listed_at: frozenset[datetime | None] = frozenset()
    _names_as_of: frozenset[datetime | None] = frozenset()
    _other_names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, store: SourceStore, clock: Clock, repository: str) -> Filters:
        """Return the filters of a repository's source; without any, none.

        Raises StateUnavailable.
        """
        self._look_up(store, clock)
        # Without any filter, no repository needs to be matched.
        if not any(each.are_set for each in self._filters.values()):
            return NO_FILTERS
        source = self.source_of(store, clock, repository)
        return NO_FILTERS if source is None else self._filters[source]

    def source_of(self, store: SourceStore, clock: Clock, repository: str) -> str | None:
        """Return the source of a repository; None without any. Raises StateUnavailable.

        It is the one that discovery finds: a repository that was renamed or transferred is listed
        under its new name, but a source that names it itself may have a former one.
        """
        self._look_up(store, clock)
        self._look_up_names(store)
        names = (*self._other_names.get(repository_key(repository), ()), repository)
        found = [each for each in map(self._sources.source_of, names) if each is not None]
        pattern = next((each for each in found if each.is_single), next(iter(found), None))
        return None if pattern is None else str(pattern)

    def _look_up_names(self, store: SourceStore) -> None:
        """Load the other names of repositories, once after each discovery: it has read them all."""
        if self._names_as_of != self._listed_at:
            self._other_names = {
                repository_key(each.full_name): each.names[1:] for each in store.list_discovered()
            }
            self._names_as_of = self._listed_at

    def _look_up(self, store: SourceStore, clock: Clock) -> None:
        now = clock.now()
        if self._next_at is None or not now < self._next_at < now + 2 * LOOK_UP_EVERY:
            records = store.list_sources()
            self._filters = {each.pattern: each.filters for each in records}
            self._listed_at = frozenset(each.listed_at for each in records)
            self._sources = sources_of(records)
            self._next_at = now + LOOK_UP_EVERY
