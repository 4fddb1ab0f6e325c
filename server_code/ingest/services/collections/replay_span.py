"""The attempts of a span of time, from the ledger and, if they were purged, from GitHub."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...domain.ledger import AttemptRecord
from ...domain.runs import AttemptKey, WorkflowRun
from ...ports import RunPage, RunQuery
from ...ports.github import MAX_RUN_PAGES
from ..context import CollectorContext
from ..monitoring.sweep_days import CreationWindow
from .retry_policy import RetryPolicy

#: How many attempts are loaded from the ledger at once.
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySpan:
    """What to replay: one repository's runs created in a span of time, or one of its runs."""

    repository: str
    since: datetime
    until: datetime
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class SpanAttempt:
    """An attempt of a span; if it is not in the ledger, only its key and time are known."""

    record: AttemptRecord
    is_in_ledger: bool


def load_span(
    context: CollectorContext, span: ReplaySpan, retry_policy: RetryPolicy
) -> Iterator[SpanAttempt]:
    """Yield the attempts of a span, oldest created first."""
    watched = context.store.load_repository(span.repository)
    if watched is not None:
        # The ids of events contain the name as it was first seen.
        span = replace(span, repository=watched.full_name)
    if span.run_id is not None:
        yield from _attempts_of_run(context, span.repository, span.run_id, retry_policy)
        return
    kept_since = context.clock.now() - timedelta(days=context.settings.ledger_days)
    purged_until = span.until if watched is None else min(span.until, kept_since)
    yield from heapq.merge(
        _load_ledger(context, span),
        _fetch_purged(context, span, purged_until, retry_policy),
        key=lambda attempt: attempt.record.created_at,
    )


def _load_ledger(context: CollectorContext, span: ReplaySpan) -> Iterator[SpanAttempt]:
    seen: set[AttemptKey] = set()
    since, limit = span.since, PAGE_SIZE
    while True:
        found = context.store.load_attempts_since(span.repository, since, limit=limit)
        new = [record for record in found if record.key not in seen]
        yield from (
            SpanAttempt(record, is_in_ledger=True)
            for record in new
            if record.created_at <= span.until
        )
        if len(found) < limit or found[-1].created_at > span.until:
            return
        # If a page holds only attempts of one moment, the next page must be larger.
        limit = limit if new else 2 * limit
        since = found[-1].created_at
        seen = {record.key for record in found}


def _attempts_of_run(
    context: CollectorContext, repository: str, run_id: int, retry_policy: RetryPolicy
) -> Iterator[SpanAttempt]:
    known = context.store.load_attempts(repository, [run_id])
    if known:
        newest = max(known.values(), key=lambda record: record.key.run_attempt)
        yield from _attempts_not_in_ledger(newest.key, newest.created_at, known)
        yield from (SpanAttempt(known[key], is_in_ledger=True) for key in sorted(known))
        return
    answer = retry_policy.call(lambda: context.github.fetch_run(repository, run_id))
    run = answer.value if answer else None  # no answer: the replay is to end
    if run is not None and run.created_at is not None:
        yield from _attempts_not_in_ledger(run.key, run.created_at, known)


def _fetch_purged(
    context: CollectorContext, span: ReplaySpan, until: datetime, retry_policy: RetryPolicy
) -> Iterator[SpanAttempt]:
    """Yield the attempts that were purged, if GitHub has them and the filters accept them."""
    if span.since >= until:
        return

    def fetch_page(window: CreationWindow, number: int) -> RunPage | None:
        query = RunQuery(created=window.created_range, page=number)
        answer = retry_policy.call(lambda: context.github.fetch_runs(span.repository, query))
        return answer.value if answer else None

    filters = context.filters_of(span.repository)
    window = CreationWindow(span.since.replace(microsecond=0), until.replace(microsecond=0))
    for run in _list_runs(window, fetch_page):
        if run.created_at is not None and filters.accepts(run):
            known = context.store.load_attempts(span.repository, [run.run_id])
            yield from _attempts_not_in_ledger(run.key, run.created_at, known)


def _list_runs(
    window: CreationWindow, fetch_page: Callable[[CreationWindow, int], RunPage | None]
) -> Iterator[WorkflowRun]:
    """List the runs of a window, in halves if it has more than a page: none is left out so.

    Of a server that ignores the filter, the whole run list is read, which has MAX_RUN_PAGES.
    """
    page = fetch_page(window, 1)
    if page is None:
        return
    is_filtered = all(window.holds(run) for run in page.runs)
    if page.has_next and is_filtered and window.first < window.last:
        for half in window.halves():
            yield from _list_runs(half, fetch_page)
        return
    runs = list(page.runs)
    for number in range(2, MAX_RUN_PAGES + 1):
        if page is None or not page.has_next:
            break
        page = fetch_page(window, number)
        runs += page.runs if page else ()
    found = {run.run_id: run for run in runs if window.holds(run)}
    yield from sorted(found.values(), key=lambda run: (str(run.created_at), run.run_id))


def _attempts_not_in_ledger(
    newest: AttemptKey, created_at: datetime, known: dict[AttemptKey, AttemptRecord]
) -> Iterator[SpanAttempt]:
    numbers = {key.run_attempt for key in known}
    for number in range(1, newest.run_attempt + 1):
        if number not in numbers:
            key = replace(newest, run_attempt=number)
            record = AttemptRecord(key=key, created_at=created_at)
            yield SpanAttempt(record, is_in_ledger=False)
