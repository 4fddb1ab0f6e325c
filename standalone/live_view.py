"""What a person sees while agents work: tables that live on a terminal, else plain lines.

Both are written to stderr; stdout is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from ingest.ports import StateStore

from .logs import is_json_log, write_notice
from .progress import Look, Progress

Show = Callable[[Look], None]

#: A terminal shows this many; `status` shows them all.
SHOWN_REPOSITORIES = 12
SHOWN_ERRORS = 3

LOOK_SECONDS = 1.0
LINE_SECONDS = 5.0

#: What fails at once, such as a wrong token, says so in its one sentence.
FIRST_LINE_SECONDS = 2.0


@contextmanager
def open_view(store: StateStore) -> Iterator[Show]:
    """Choose the view that stderr can show."""
    if is_json_log() or not sys.stderr.isatty():
        yield PlainLines().show
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield Tables(store, lambda view: live.update(view, refresh=True)).show


class PlainLines:
    """Write a line when something has changed, and not more often than a person reads."""

    def __init__(self) -> None:
        self._last = ""
        self._next_at = time.monotonic() + FIRST_LINE_SECONDS

    def show(self, look: Look) -> None:
        """Read the progress if a line is due; an unchanged one is due again after LOOK_SECONDS."""
        if time.monotonic() < self._next_at:
            return
        line = describe(look())
        if line == self._last:
            self._next_at = time.monotonic() + LOOK_SECONDS
            return
        self._last, self._next_at = line, time.monotonic() + LINE_SECONDS
        write_notice(line)


class Tables:
    """Draw agents, repositories, counts and the last errors."""

    def __init__(self, store: StateStore, draw: Callable[..., None]) -> None:
        self._store = store
        self._draw = draw
        self._next_at = 0.0

    def show(self, look: Look) -> None:
        """Read the progress and draw it, once a second at most."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + LOOK_SECONDS
        from rich.console import Group
        from rich.text import Text

        from .overview import alive, build_overview
        from .tables import agents_table, errors_table, repositories_table

        now = datetime.now(timezone.utc)
        overview = build_overview(
            self._store, now=now, errors=SHOWN_ERRORS, repositories=SHOWN_REPOSITORIES
        )
        counts = Text("\n".join(_count_lines(look())), style="bold")
        self._draw(
            Group(
                agents_table(alive(overview.agents, now), now),
                repositories_table(overview),
                counts,
                errors_table(overview.errors, now),
            )
        )


def describe(progress: Progress) -> str:
    """Return the agents' progress in one line."""
    return ", ".join(_count_lines(progress))


def _count_lines(progress: Progress) -> list[str]:
    """Return the progress in lines that each fit a terminal."""
    summary, counts, budget = progress.summary, progress.counts, progress.budget
    collected = (
        f"{summary.runs:,} runs, {summary.jobs:,} jobs, {summary.logs:,} logs, "
        f"{counts.open_attempts:,} in flight, {counts.logs_pending:,} logs pending"
    )
    sent = f"{sum(summary.messages.values()):,} messages, {summary.errors:,} errors"
    if budget.remaining is not None:
        sent += f", {budget.remaining:,} of {budget.limit or 0:,} GitHub requests left"
    return [collected, sent, *([progress.note] if progress.note else [])]
