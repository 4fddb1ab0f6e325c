"""The live view of the agents: tables on a terminal, else plain lines.

Both are written to stderr; stdout is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from ingest.bootstrap.collector import Collector
from ingest.domain.counted_nouns import plural
from ingest.errors import StateUnavailable
from ingest.ports import StateStore

from ..logs import is_json_log, write_notice
from .progress import Progress, read_progress

if TYPE_CHECKING:
    from rich.console import Group

#: Reads the progress, which costs a query; called only if it is shown.
ReadProgress = Callable[[], Progress]

#: How many repositories the live view lists; `status --all` lists every one.
SHOWN_REPOSITORIES = 12
SHOWN_ERRORS = 3

REFRESH_SECONDS = 1.0
LINE_SECONDS = 5.0

#: The delay of the first line: a start that fails at once, as with a wrong token, prints none.
FIRST_LINE_SECONDS = 2.0


@contextmanager
def open_view(collector: Collector) -> Iterator[Callable[[], None]]:
    """Yield a function that shows the progress: as tables on a terminal, else in lines.

    It shows nothing while the state is unavailable: whoever collects waits for it, and reports it.
    """
    read = partial(read_progress, collector)
    if is_json_log() or not sys.stderr.isatty():
        yield PlainLines(read).show
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        store = collector.context.store
        tables = LiveTables(store, read, lambda view: live.update(view, refresh=True))
        yield tables.show
        tables.show_end()


class PlainLines:
    """A view that writes a line when the progress has changed, every few seconds at most."""

    def __init__(self, read: ReadProgress) -> None:
        self._read = read
        self._last = ""
        self._next_at = time.monotonic() + FIRST_LINE_SECONDS

    def show(self) -> None:
        """Write a line if one is due and the progress has changed."""
        if time.monotonic() < self._next_at:
            return
        with suppress(StateUnavailable):
            line = describe(self._read())
            if line == self._last:
                self._next_at = time.monotonic() + REFRESH_SECONDS
                return
            self._last, self._next_at = line, time.monotonic() + LINE_SECONDS
            write_notice(line)


class LiveTables:
    """A live view: tables of agents, repositories, counts and the last errors."""

    def __init__(self, store: StateStore, read: ReadProgress, draw: Callable[..., None]) -> None:
        self._store = store
        self._read = read
        self._draw = draw
        self._next_at = 0.0

    def show(self) -> None:
        """Read the progress and draw it, once a second at most."""
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + REFRESH_SECONDS
            self._show()

    def show_end(self) -> None:
        """Draw the final counts, so that no older ones stay on the screen."""
        if self._next_at:
            self._show()

    def _show(self) -> None:
        with suppress(StateUnavailable):
            self._draw(_tables(self._store, self._read()))


def _tables(store: StateStore, progress: Progress) -> Group:
    from rich.console import Group
    from rich.text import Text

    from .snapshot import load_snapshot, with_recent_heartbeat
    from .tables import agents_table, errors_table, repositories_table

    now = datetime.now(timezone.utc)
    snapshot = load_snapshot(
        store, now=now, max_errors=SHOWN_ERRORS, max_repositories=SHOWN_REPOSITORIES
    )
    return Group(
        agents_table(with_recent_heartbeat(snapshot.agents, now), now),
        repositories_table(snapshot),
        Text("\n".join(_lines(progress)), style="bold"),
        errors_table(snapshot.errors, now),
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
