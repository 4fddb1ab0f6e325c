"""``redrive``: log work that ended as dead letters, tried again."""

from __future__ import annotations

import threading
from contextlib import closing

import click
from ingest.bootstrap.buses import open_bus
from ingest.services.log_ingestion.redrive import RedriveReport
from ingest.settings import Settings

from ..command import command, examples
from ..environment import read_environment


@command(
    epilog=examples(
        "runstream redrive",
    )
)
def redrive() -> int | None:
    """Retry log work from the dead-letter queue.

    Moves it back to the job events queue. Fix the cause first: `runstream status` shows it.
    Messages that are not log work stay in the dead-letter queue.
    """
    report = move_dead_letters(read_environment())
    click.echo(f"Work items moved back to the job events queue: {report.moved}.")
    if report.unreadable:
        click.echo(f"Left in the dead-letter queue, because not log work: {report.unreadable}.")
    return None


def move_dead_letters(settings: Settings) -> RedriveReport:
    """Open both queues and move what can be moved."""
    from ingest.adapters.system_clock import SystemClock
    from ingest.domain.counters import Counters
    from ingest.services.log_ingestion.redrive import redrive as move

    name, counters = settings.queues.job_events_queue, Counters()
    with closing(open_bus(settings)) as bus:
        return move(
            bus.open_dead_letters(name, counters),
            bus.open_work_queue(name, counters),
            clock=SystemClock(threading.Event()),
        )
