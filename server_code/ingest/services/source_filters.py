"""The filters of sources, as the state holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.due import is_interval_over
from ..domain.filters import NO_FILTERS, Filters
from ..domain.sources import Sources, parse_source
from ..domain.stored_values import repository_key
from ..ports import Clock, SourceStore

#: A changed filter applies after this time in every process.
LOOK_UP_EVERY = timedelta(seconds=10)

#: The filters of a repository that goes to another source, because it was renamed or transferred,
#: apply after this time.
NAMES_LOOKED_UP_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class SourceFilters:
    """The filters of each source, as of a few seconds ago."""

    _next_at: datetime | None = None
    _filters: dict[str, Filters] = field(default_factory=dict)
    _sources: Sources = field(default_factory=lambda: Sources(()))
    _names_looked_up_at: datetime | None = None
    _new_names: dict[str, str] = field(default_factory=dict)

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
        under its new name, but a source that names it itself may have the former one.
        """
        self._look_up(store, clock)
        self._look_up_names(store, clock)
        names = (self._new_names.get(repository_key(repository), repository), repository)
        found = [each for each in map(self._sources.source_of, names) if each is not None]
        pattern = next((each for each in found if each.is_single), next(iter(found), None))
        return None if pattern is None else str(pattern)

    def _look_up_names(self, store: SourceStore, clock: Clock) -> None:
        now = clock.now()
        if is_interval_over(self._names_looked_up_at, NAMES_LOOKED_UP_EVERY, now):
            self._new_names = {
                repository_key(each.full_name): each.new_name
                for each in store.list_discovered()
                if each.new_name is not None
            }
            self._names_looked_up_at = now

    def _look_up(self, store: SourceStore, clock: Clock) -> None:
        now = clock.now()
        if self._next_at is None or not now < self._next_at < now + 2 * LOOK_UP_EVERY:
            self._filters = {each.pattern: each.filters for each in store.list_sources()}
            self._sources = Sources(tuple(parse_source(each) for each in self._filters))
            self._next_at = now + LOOK_UP_EVERY
