"""The filters of sources, as the state holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..domain.filters import NO_FILTERS, Filters
from ..domain.sources import Sources, parse_source
from ..ports import Clock, SourceStore

#: A changed filter applies after this time in every process.
LOOK_UP_EVERY = timedelta(seconds=10)


@dataclass(slots=True)
class SourceFilters:
    """The filters of each source, as of a few seconds ago."""

    _next_at: datetime | None = None
    _filters: dict[str, Filters] = field(default_factory=dict)
    _sources: Sources = field(default_factory=lambda: Sources(()))

    def find(self, store: SourceStore, clock: Clock, repository: str) -> Filters:
        """Return the filters of a repository's source; without any, none.

        Raises StateUnavailable.
        """
        self._look_up(store, clock)
        # Without any filter, no repository needs to be matched.
        are_set = any(each.are_set for each in self._filters.values())
        pattern = self._sources.source_of(repository) if are_set else None
        return NO_FILTERS if pattern is None else self._filters.get(str(pattern), NO_FILTERS)

    def source_of(self, store: SourceStore, clock: Clock, repository: str) -> str | None:
        """Return the source of a repository; None without any. Raises StateUnavailable."""
        self._look_up(store, clock)
        pattern = self._sources.source_of(repository)
        return None if pattern is None else str(pattern)

    def _look_up(self, store: SourceStore, clock: Clock) -> None:
        now = clock.now()
        if self._next_at is None or not now < self._next_at < now + 2 * LOOK_UP_EVERY:
            self._filters = {each.pattern: each.filters for each in store.list_sources()}
            self._sources = Sources(tuple(parse_source(each) for each in self._filters))
            self._next_at = now + LOOK_UP_EVERY
