"""The attempts of a span of time: those of the ledger, and older ones from GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.ledger import AttemptRecord
from ..domain.runs import AttemptKey, WorkflowRun
from ..ports import RunQuery
from .context import CollectorContext
from .sweep_days import Window

#: So many attempts are loaded at once.
PORTION = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySpan:
    """What to replay: one repository's runs created in a span of time, or one of its runs."""

    repository: str
    since: datetime
    until: datetime
    run_id: int | None = None


def load_span(context: CollectorContext, span: ReplaySpan) -> Iterator[AttemptRecord]:
    """Yield the attempts of a span, those that left the ledger first."""
    if span.run_id is not None:
        yield from _attempts_of_run(context, span.repository, span.run_id)
        return
    for record in _older_attempts(context, span):
        if record.key not in context.store.load_attempts(span.repository, [record.key.run_id]):
            yield record
    seen: set[AttemptKey] = set()
    since, limit = span.since, PORTION
    while True:
        found = context.store.load_attempts_since(span.repository, since, limit=limit)
        new = [record for record in found if record.key not in seen]
        yield from (record for record in new if record.created_at <= span.until)
        if len(found) < limit or found[-1].created_at > span.until:
            return
        # More attempts of one moment than a portion holds need a larger portion.
        limit = limit if new else 2 * limit
        since = found[-1].created_at
        seen = {record.key for record in found}


def _attempts_of_run(
    context: CollectorContext, repository: str, run_id: int
) -> Iterator[AttemptRecord]:
    known = context.store.load_attempts(repository, [run_id])
    if known:
        yield from sorted(known.values(), key=lambda record: record.key.run_attempt)
        return
    run = context.source.fetch_run(repository, run_id).value
    yield from _attempts_of(run) if run else ()


def _older_attempts(context: CollectorContext, span: ReplaySpan) -> Iterator[AttemptRecord]:
    """Yield attempts that may have left the ledger, as far as GitHub has them."""
    kept_since = context.clock.now() - timedelta(days=context.collecting.ledger_days)
    if span.since < kept_since:
        for run in _list_runs(context, span, Window(span.since, min(span.until, kept_since))):
            yield from _attempts_of(run)


def _list_runs(
    context: CollectorContext, span: ReplaySpan, window: Window
) -> Iterator[WorkflowRun]:
    """List the runs of a window, oldest half first: a list ends after 1,000 runs."""
    first = context.source.fetch_runs(span.repository, RunQuery(created=window.created)).value
    if first is None:
        return
    if first.has_next and window.first < window.last:
        for half in window.halves():
            yield from _list_runs(context, span, half)
        return
    yield from sorted(first.runs, key=lambda run: (str(run.created_at), run.run_id))


def _attempts_of(run: WorkflowRun) -> Iterator[AttemptRecord]:
    for number in range(1, run.run_attempt + 1):
        key = AttemptKey(run.repository, run.run_id, number)
        if run.created_at is not None:
            yield AttemptRecord(key=key, created_at=run.created_at)
