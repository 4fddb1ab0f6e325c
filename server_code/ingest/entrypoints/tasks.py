"""The agents as background tasks, scheduled in ``anvil.yaml``.

https://anvil.works/docs/background-tasks: a task may be killed at any moment without
cleanup. So each is a slice of work that the next one continues: at once while work is left,
otherwise when the schedule starts it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial

import anvil.server

from ..bootstrap.collector import Collector
from ..bootstrap.workers import release_leases_of_dead_processes
from ..domain.counters import Counters
from ..domain.ledger import DESIRED_PAUSED
from ..errors import BadSettings, IngestError
from ..services.agents.heartbeat import Heartbeat, idle_heartbeat
from ..services.agents.tick import (
    TickResult,
    log_tick,
    monitoring_tick,
    report_error,
    runs_elsewhere,
)
from ..services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ..services.dashboard.setup import missing_setup_steps
from ..services.log_ingestion.requeue_logs import requeue_missing_logs, requeue_stale_logs
from ..services.retention import purge_expired
from .request_context import RequestContext
from .task_launcher import continue_tick

#: The host name of the app's tasks in the heartbeats.
HOST = "tasks of the Anvil app"


@anvil.server.background_task
def pipeline_monitoring_tick(continue_until: float | None = None) -> int:
    """Poll every repository that is due in this slice; return the number of polls.

    ``continue_until`` is set if an earlier tick launched this one: the time of the next scheduled
    start, after which this tick launches no other.
    """
    request = RequestContext()
    # The leases of killed tasks on this machine are freed immediately.
    release_leases_of_dead_processes(request.state, now=request.now)
    return _run_tick(request, PIPELINE_MONITORING_AGENT, monitoring_tick, continue_until)


@anvil.server.background_task
def log_ingestion_tick(continue_until: float | None = None) -> int:
    """Fetch and publish the logs of completed jobs; return the number of work items."""
    request = RequestContext()
    return _run_tick(request, LOG_INGESTION_AGENT, log_tick, continue_until)


@anvil.server.background_task
def daily_upkeep() -> None:
    """Requeue stale and missing logs, and purge what has expired."""
    request = RequestContext()
    try:
        _requeue_logs(request)
    finally:
        _purge(request)


def set_task_state(name: str, value: object) -> None:
    """Publish the task's progress as its task state."""
    anvil.server.task_state[name] = value


def has_work(request: RequestContext, agent: str) -> bool:
    """Return whether anything is watched, a source may include repositories, or logs are left."""
    state = request.state
    if state.list_repositories() or state.list_sources():
        return True
    if agent == LOG_INGESTION_AGENT and state.count_ledger().logs_pending:
        return True  # of repositories that were removed
    try:
        return bool(request.settings.sources)
    except BadSettings:
        return False


def _requeue_logs(request: RequestContext) -> None:
    with closing(request.open_collector(checks_bucket=False)) as collector:
        requeue_stale_logs(collector.context)
        requeue_missing_logs(collector.context)


def _purge(request: RequestContext) -> None:
    """Purge for one slice of time; this needs no queue and no GitHub."""
    limits = request.settings.collecting
    ends_at = request.now + timedelta(seconds=limits.task_seconds)
    while purge_expired(request.state, ledger_days=limits.ledger_days, now=request.now):
        if request.now >= ends_at:
            return


def _run_tick(
    request: RequestContext,
    agent: str,
    tick: Callable[..., TickResult],
    continue_until: float | None,
) -> int:
    """Run one slice; an error is reported in the heartbeat and fails the task."""
    state, started_at = request.state, request.now
    is_paused = state.load_desired_states().get(agent) == DESIRED_PAUSED
    if is_paused or not has_work(request, agent):
        state.save_agent(idle_heartbeat(state, agent, host=HOST, now=request.now))
        return 0
    collector: Collector | None = None
    counters = Counters()
    try:
        missing = missing_setup_steps(request.settings)
        if missing and runs_elsewhere(state, agent, host=HOST, now=request.now):
            return 0
        if missing:
            raise BadSettings(missing)
        heartbeat = Heartbeat(agent, host=HOST, store=state, clock=request.clock, counters=counters)
        open_collector = partial(
            request.open_collector, checks_bucket=agent == LOG_INGESTION_AGENT, counters=counters
        )
        collector = heartbeat.save_during(open_collector)
        seconds = request.settings.collecting.task_seconds
        result = tick(collector.context, seconds=seconds, host=HOST, set_task_state=set_task_state)
    except IngestError as error:
        pending = counters.pending_requests
        report_error(state, agent, error, host=HOST, now=request.now, pending=pending)
        raise
    finally:
        if collector is not None:
            collector.close()
    if result.has_more:
        continue_tick(agent, started_at=started_at, continue_until=continue_until, now=request.now)
    return result.count
