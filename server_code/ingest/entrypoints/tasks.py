"""The agents as background tasks, begun by the schedule in ``anvil.yaml``.

https://anvil.works/docs/background-tasks: a task may be killed at any moment and then cleans
nothing up. So each is a slice of work that the next one goes on with.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import anvil.server

from ..bootstrap import Collector, free_dead_leases
from ..errors import BadSettings, IngestError
from ..services.dashboard.setup import missing_steps
from ..services.forget_old import forget_old
from ..services.ingest_logs import order_lost_logs
from ..services.tick import (
    Tell,
    is_done_elsewhere,
    is_paused,
    log_tick,
    monitoring_tick,
    tell_rest,
    tell_trouble,
)
from ..services.world import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from .desk import Desk

#: How the app's tasks are named among the hosts of an agent.
PLACE = "tasks of the Anvil app"


@anvil.server.background_task
def pipeline_monitoring_tick() -> int:
    """Poll every repository that is due in this slice; return how many polls it were."""
    desk = Desk()
    # Tasks on this machine that were killed are taken over from at once.
    free_dead_leases(desk.state, now=desk.now)
    return _work(desk, PIPELINE_MONITORING_AGENT, monitoring_tick)


@anvil.server.background_task
def log_ingestion_tick() -> int:
    """Fetch and publish the logs of jobs that have ended; return how much work was received."""
    desk = Desk()
    return _work(desk, LOG_INGESTION_AGENT, log_tick)


@anvil.server.background_task
def daily_upkeep() -> None:
    """Order logs again whose news was lost, and forget what is older than it may be kept."""
    desk = Desk()
    collector = desk.open_collector()
    try:
        order_lost_logs(collector.world)
        ends_at = desk.now + timedelta(seconds=desk.settings.collecting.task_seconds)
        while forget_old(collector.world) and desk.now < ends_at:
            pass
    finally:
        collector.close()


def task_state(name: str, value: object) -> None:
    """Let whoever looks at the task see how far it is."""
    anvil.server.task_state[name] = value


def _work(desk: Desk, agent: str, tick: Callable[..., int]) -> int:
    """Do one slice; what ends it early is told where people look, and ends the task as failed."""
    state = desk.state
    if is_paused(state, agent) or not state.list_repositories():
        tell_rest(state, agent, place=PLACE, now=desk.now)
        return 0
    collector: Collector | None = None
    try:
        missing = missing_steps(desk.settings)
        if missing and is_done_elsewhere(state, agent, place=PLACE, now=desk.now):
            return 0
        if missing:
            raise BadSettings(missing)
        collector = desk.open_collector()
        tell: Tell = task_state
        seconds = desk.settings.collecting.task_seconds
        return tick(collector.world, seconds=seconds, place=PLACE, tell=tell)
    except IngestError as error:
        tell_trouble(state, agent, error, place=PLACE, now=desk.now)
        raise
    finally:
        if collector is not None:
            collector.close()
