"""The live view of the agents: tables on a terminal, else plain lines.

Both are written to stderr; stdout is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from ingest.domain.counted_nouns import plural
from ingest.ports import StateStore

from ..logs import is_json_log, write_notice
from .progress import Progress, ReadProgress

Show = Callable[[ReadProgress], None]

#: How many repositories the live view lists; `status --all` lists every one.
SHOWN_REPOSITORIES = 12
SHOWN_ERRORS = 3

REFRESH_SECONDS = 1.0
LINE_SECONDS = 5.0

#: The delay of the first line: a start that fails at once, as with a wrong token, prints none.
FIRST_LINE_SECONDS = 2.0


@contextmanager
def open_view(store: StateStore) -> Iterator[Show]:
    """Yield a function that shows the progress: as tables on a terminal, else in lines."""
    if is_json_log() or not sys.stderr.isatty():
        yield PlainLines().show
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        tables = LiveTables(store, lambda view: live.update(view, refresh=True))
        yield tables.show
        tables.show_end()


class PlainLines:
    """A view that writes a line when the progress has changed, every few seconds at most."""

    def __init__(self) -> None:
        self._last = ""
        self._next_at = time.monotonic() + FIRST_LINE_SECONDS

    def show(self, read_progress: ReadProgress) -> None:
        """Write a line if one is due and the progress has changed."""
        if time.monotonic() < self._next_at:
            return
        line = describe(read_progress())
        if line == self._last:
            self._next_at = time.monotonic() + REFRESH_SECONDS
            return
        self._last, self._next_at = line, time.monotonic() + LINE_SECONDS
        write_notice(line)


class LiveTables:
    """A live view: tables of agents, repositories, counts and the last errors."""

    def __init__(self, store: StateStore, draw: Callable[..., None]) -> None:
        self._store = store
        self._draw = draw
        self._next_at = 0.0
        self._read_progress: ReadProgress | None = None

    def show(self, read_progress: ReadProgress) -> None:
        """Read the progress and draw it, once a second at most."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + REFRESH_SECONDS
        self._read_progress = read_progress
        self._show(read_progress())

    def show_end(self) -> None:
        """Draw the final counts, so that no older ones stay on the screen."""
        if self._read_progress is not None:
            self._show(self._read_progress())

    def _show(self, progress: Progress) -> None:
        from rich.console import Group
        from rich.text import Text

        from .snapshot import load_snapshot, with_recent_heartbeat
        from .tables import agents_table, errors_table, repositories_table

        now = datetime.now(timezone.utc)
        snapshot = load_snapshot(
            self._store, now=now, errors=SHOWN_ERRORS, repositories=SHOWN_REPOSITORIES
        )
        counts = Text("\n".join(_lines(progress)), style="bold")
        self._draw(
            Group(
                agents_table(with_recent_heartbeat(snapshot.agents, now), now),
                repositories_table(snapshot),
                counts,
                errors_table(snapshot.errors, now),
            )
        )


def describe(progress: Progress) -> str:
    """Return the agents' progress in one line."""
    return "; ".join([_counts(progress), _sent(progress)])


def _lines(progress: Progress) -> list[str]:
    """Return the progress in lines that each fit a terminal."""
    sent, rate_limit = _sent(progress), progress.rate_limit_status
    if rate_limit.remaining is not None:
        sent += f"; {rate_limit.remaining:,} of {rate_limit.limit or 0:,} GitHub requests left"
    return [_counts(progress), sent]


def _counts(progress: Progress) -> str:
    summary, counts = progress.summary, progress.ledger_counts
    return (
        f"{plural(summary.runs, 'run')}, {plural(summary.jobs, 'job')}, "
        f"{plural(summary.logs, 'log')}; pending: {plural(counts.open_attempts, 'attempt')}, "
        f"{plural(counts.logs_pending, 'log')}"
    )


def _sent(progress: Progress) -> str:
    errors = progress.summary.errors
    sent = plural(sum(progress.summary.messages.values()), "message")
    return sent + (f", {plural(errors, 'error')}" if errors else "")
