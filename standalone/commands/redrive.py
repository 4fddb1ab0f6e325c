"""``redrive``: log work that ended as dead letters, tried again."""

from __future__ import annotations

import threading
from contextlib import closing

import click
from ingest.bootstrap import open_bus
from ingest.services.redrive import RedriveReport
from ingest.settings import Settings

from ..command import command
from ..environment import read_environment


@command()
def redrive() -> int | None:
    """Move log work from the dead-letter queue back to the job events queue.

    Run it after fixing what kept the logs from arriving. What no agent can read stays there.
    """
    report = bring_back(read_environment())
    click.echo(f"Moved {report.moved} pieces of log work back.")
    if report.unreadable:
        click.echo(f"{report.unreadable} messages are no log work and stay where they are.")
    return None


def bring_back(settings: Settings) -> RedriveReport:
    """Open both queues and move what can be moved."""
    from ingest.adapters.system_clock import SystemClock
    from ingest.domain.counters import Counters
    from ingest.services.redrive import redrive as move

    name, counters = settings.queues.job_events_queue, Counters()
    with closing(open_bus(settings)) as bus:
        return move(
            bus.open_dead_letters(name, counters),
            bus.open_work_queue(name, counters),
            clock=SystemClock(threading.Event()),
        )
