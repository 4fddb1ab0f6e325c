"""Background work of a collector without Anvil: heartbeats, pending logs, retention."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from ingest.errors import IngestError
from ingest.services.agents.agent_loop import AgentLoop
from ingest.services.agents.heartbeat import Heartbeats
from ingest.services.context import CollectorContext
from ingest.services.log_ingestion.requeue_logs import requeue_missing_logs, requeue_stale_logs
from ingest.services.retention import purge_expired
from ingest.services.time_limits import IDLE_SECONDS

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
REQUEUE_SECONDS = 600.0
PURGE_SECONDS = 3600.0


def run_background_tasks(
    context: CollectorContext,
    loops: Sequence[AgentLoop],
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    should_continue: Callable[[], bool],
) -> None:
    """Report heartbeats, requeue logs that stay pending for long, and purge what expired."""
    heartbeats = Heartbeats(context, loops)
    tasks = (
        _PeriodicTask(heartbeats.save, heartbeat_seconds),
        _PeriodicTask(partial(requeue_stale_logs, context), REQUEUE_SECONDS),
        _PeriodicTask(partial(requeue_missing_logs, context), REQUEUE_SECONDS),
        _PeriodicTask(partial(_purge, context), PURGE_SECONDS),
    )
    while should_continue():
        for task in tasks:
            task.run_if_due()
        context.clock.sleep(IDLE_SECONDS)
    _run_logged(heartbeats.save_stopped)


def _purge(context: CollectorContext) -> bool:
    days = context.settings.ledger_days
    return purge_expired(context.store, ledger_days=days, now=context.clock.now())


class _PeriodicTask:
    """Work that is repeated after a pause, or at once if it returns True, because more is left."""

    def __init__(self, work: Callable[[], object], every_seconds: float) -> None:
        self._work = work
        self._every_seconds = every_seconds
        self._next_at = 0.0

    def run_if_due(self) -> None:
        """Do the work if it is due."""
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + self._every_seconds
            if _run_logged(self._work) is True:
                self._next_at = 0.0


def _run_logged(work: Callable[[], object]) -> object:
    """Do the work and return its result; if it fails, log the error and return None."""
    try:
        return work()
    except IngestError as error:
        logger.warning("background work failed", extra={"reason": str(error)})
        return None
