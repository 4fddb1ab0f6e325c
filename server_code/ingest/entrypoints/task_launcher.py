"""Launching an agent's tick before its schedule does, at a limited rate.

Each task is a process, so a burst of webhooks must not launch one task each.
"""

from __future__ import annotations

import math
from datetime import datetime

import anvil.server

from ..domain.agent_states import AgentState
from ..services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from .request_context import RequestContext

TASKS = {
    PIPELINE_MONITORING_AGENT: "pipeline_monitoring_tick",
    LOG_INGESTION_AGENT: "log_ingestion_tick",
}

#: No tick is launched while one runs and sent its heartbeat within this time.
RUNNING_SECONDS = 12

#: The shortest interval between two launches of an agent.
LAUNCH_SECONDS = 10

#: The interval of the schedule in ``anvil.yaml``.
SCHEDULE_SECONDS = 60


def launch_tick(request: RequestContext, agent: str) -> None:
    """Launch a tick, unless one is running or was just launched. Raises StateUnavailable."""
    now = request.now
    for each in request.state.list_agents():
        age = abs(now - each.heartbeat_at).total_seconds()
        if each.name == agent and each.state == AgentState.RUNNING and age < RUNNING_SECONDS:
            return
    interval = int(now.timestamp()) // LAUNCH_SECONDS
    # Among concurrent calls, in any process, only the first one launches.
    if request.state.claim_once(f"launch {agent} {interval}", now=now):
        anvil.server.launch_background_task(TASKS[agent])


def continue_tick(
    agent: str, *, started_at: datetime, continue_until: float | None, now: datetime
) -> None:
    """Launch the next tick of an agent that has work left, unless the schedule started one.

    ``continue_until``: the time of the next scheduled start; None computes it. Anvil skips a
    scheduled start while the task is still running, so a tick that ran past one continues until
    the start after it.
    """
    if continue_until is None:
        started = started_at.timestamp()
        intervals = math.ceil((now.timestamp() - started) / SCHEDULE_SECONDS)
        continue_until = started + intervals * SCHEDULE_SECONDS
    if now.timestamp() < continue_until:
        anvil.server.launch_background_task(TASKS[agent], continue_until)
