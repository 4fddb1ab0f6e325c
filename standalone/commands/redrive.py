"""``redrive``: retry log work from the dead-letter queue."""

from __future__ import annotations

import threading
from contextlib import closing

from ingest.bootstrap.buses import open_bus
from ingest.domain.counters import Counters
from ingest.services.log_ingestion.redrive import redrive as move_dead_letters

from ..command import command, examples
from ..environment import read_environment
from ..output import print_result


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
    from ingest.adapters.system_clock import SystemClock

    settings, counters = read_environment(), Counters()
    name = settings.queues.job_events_queue
    with closing(open_bus(settings)) as bus:
        report = move_dead_letters(
            bus.open_dead_letters(name, counters),
            bus.open_work_queue(name, counters),
            clock=SystemClock(threading.Event()),
        )
    print_result(f"Work items moved back to the job events queue: {report.moved}.")
    if report.refused:
        print_result(
            f"Refused by the job events queue, left in the dead-letter queue: {report.refused}."
        )
    if report.unreadable:
        print_result(f"Not log work, left in the dead-letter queue: {report.unreadable}.")
    return None
