"""One page of the list of watched repositories, searched and sorted, with its sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...domain.backlog import request_budget
from ...domain.ledger import LedgerCounts, RepositoryRecord
from ...domain.source_records import DiscoveredRepository
from ...domain.stored_values import repository_key
from ...ports import StateStore
from ...settings import Settings
from .repositories import with_recorded_remedies
from .rows import discovery_fields, repository_row
from .sources import source_rows

PER_PAGE = 25

#: The source of repositories that were added by name.
BY_NAME = "by name"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryQuery:
    """Which repositories are shown; ``source`` is a pattern, or BY_NAME. Pages count from 1."""

    search: str | None = None
    source: str | None = None
    sort: str = "problems"
    page: int = 1


def list_repository_page(
    store: StateStore, settings: Settings, query: RepositoryQuery, *, now: datetime
) -> dict[str, Any]:
    """Return a page of repositories with all sources."""
    stored = store.for_dashboard()
    records = stored.list_repositories()
    discovered = {
        repository_key(each.full_name): each for each in stored.list_discovered_repositories()
    }
    found = sorted(_matching(records, discovered, query), key=_order(query.sort))
    start = (query.page - 1) * PER_PAGE
    shown = found[start : start + PER_PAGE]
    rows = [
        {**row, **_source_fields(record, discovered)}
        for record, row in zip(shown, _rows(store, settings, shown, now), strict=True)
    ]
    counters = store.load_saved_counters()
    sources = source_rows(stored.list_sources(), discovered.values(), records, counters)
    added_by_name = sum(repository_key(each.full_name) not in discovered for each in records)
    return {
        "repositories": with_recorded_remedies(stored, rows),
        "total": len(found),
        "per_page": PER_PAGE,
        "watched": len(records),
        "paused": sum(each.paused for each in records),
        "failing": sum(bool(each.failed_polls) and not each.paused for each in records),
        "pausable_count": sum(not each.paused for each in found),
        "resumable_count": len(_resumable(found, discovered)),
        "sources": sources,
        "added_by_name": added_by_name,
        "sources_being_listed": [
            each["pattern"]
            for each in sources
            if each["listed_at"] is None and not each["is_exclusion"]
        ],
        "listed_at": min(filter(None, (each["listed_at"] for each in sources)), default=None),
    }


def set_matching_paused(
    store: StateStore,
    query: RepositoryQuery,
    *,
    paused: bool,
    should_continue: Callable[[], bool],
) -> tuple[int, int]:
    """Pause or resume all matching repositories; return how many were, and how many are left.

    What Runstream itself has paused, such as archived repositories, is not resumed.
    """
    discovered = {
        repository_key(each.full_name): each for each in store.list_discovered_repositories()
    }
    found = _matching(store.list_repositories(), discovered, query)
    wanted = (
        [each for each in found if not each.paused] if paused else _resumable(found, discovered)
    )
    done = 0
    for record in wanted:
        if not should_continue():
            break
        store.set_paused(record.full_name, paused=paused)
        done += 1
    return done, len(wanted) - done


def _resumable(
    found: Sequence[RepositoryRecord], discovered: dict[str, DiscoveredRepository]
) -> list[RepositoryRecord]:
    suspended = {key for key, each in discovered.items() if each.suspension_reason}
    return [
        each for each in found if each.paused and repository_key(each.full_name) not in suspended
    ]


def _matching(
    records: Sequence[RepositoryRecord],
    discovered: dict[str, DiscoveredRepository],
    query: RepositoryQuery,
) -> list[RepositoryRecord]:
    """Return the repositories of the query's source whose names contain all words of its search."""
    words = (query.search or "").lower().split()
    source = (query.source or "").lower()
    return [
        each
        for each in records
        if all(word in each.full_name.lower() for word in words)
        and source in ("", _source_of(each, discovered).lower())
    ]


def _source_of(record: RepositoryRecord, discovered: dict[str, DiscoveredRepository]) -> str:
    found = discovered.get(repository_key(record.full_name))
    return BY_NAME if found is None else found.source


def _order(sort: str) -> Callable[[RepositoryRecord], tuple[Any, ...]]:
    """Return the key of an order: problems, activity or name."""
    if sort == "name":
        return lambda each: (each.full_name.lower(),)

    def activity(each: RepositoryRecord) -> tuple[Any, ...]:
        changed = each.last_changed_at
        return (-changed.timestamp() if changed else 0.0, each.full_name.lower())

    if sort == "activity":
        return activity
    return lambda each: (each.paused, -each.failed_polls, each.last_error is None, *activity(each))


def _rows(
    store: StateStore, settings: Settings, shown: Sequence[RepositoryRecord], now: datetime
) -> list[dict[str, Any]]:
    counts = store.count_ledger_by_repository()
    counted = [counts.get(repository_key(each.full_name), LedgerCounts()) for each in shown]
    has_backlog = any(each.unread_attempts for each in counted)
    budget = request_budget(store.list_agents(), now) if has_backlog else None
    return [
        repository_row(record, each, web_url=settings.github.web_url, now=now, budget=budget)
        for record, each in zip(shown, counted, strict=True)
    ]


def _source_fields(
    record: RepositoryRecord, discovered: dict[str, DiscoveredRepository]
) -> dict[str, Any]:
    found = discovered.get(repository_key(record.full_name))
    return {**discovery_fields(record, found), "source": _source_of(record, discovered)}
