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

    def find(self, store: SourceStore, clock: Clock, repository: str) -> tuple[str, Filters]:
        """Return the source of a repository, and its filters; without any, "" and none.

        Raises StateUnavailable.
        """
        now = clock.now()
        if self._next_at is None or not now < self._next_at < now + 2 * LOOK_UP_EVERY:
            records = store.list_sources()
            are_set = any(each.filters.are_set for each in records)
            # Without any filter, no repository needs to be matched.
            self._filters = {each.pattern: each.filters for each in records} if are_set else {}
            self._sources = Sources(tuple(parse_source(each) for each in self._filters))
            self._next_at = now + LOOK_UP_EVERY
        pattern = self._sources.source_of(repository) if self._filters else None
        if pattern is None:
            return "", NO_FILTERS
        return str(pattern), self._filters.get(str(pattern), NO_FILTERS)
