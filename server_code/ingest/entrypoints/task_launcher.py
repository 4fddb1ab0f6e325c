"""Beginning an agent's tick before the schedule does, and never many at once.

Each task is a process, and a burst of webhooks would begin one each.
"""

from __future__ import annotations

import anvil.server

from ..services.context import LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from .request_context import RequestContext

TASKS = {
    PIPELINE_MONITORING_AGENT: "pipeline_monitoring_tick",
    LOG_INGESTION_AGENT: "log_ingestion_tick",
}

#: A tick at work that gave a sign of life so lately finds what is due by itself.
AT_WORK_SECONDS = 12

#: Whatever happens, an agent is woken no more often than this.
WAKE_SECONDS = 10


def launch_tick(request: RequestContext, agent: str) -> None:
    """Begin a tick, unless one is at work or was begun a moment ago. Raises StateUnavailable."""
    now = request.now
    for each in request.state.list_agents():
        age = (now - each.heartbeat_at).total_seconds()
        if each.name == agent and each.state == "running" and age < AT_WORK_SECONDS:
            return
    span = int(now.timestamp()) // WAKE_SECONDS
    # The first of many at once gets it, whatever process each of them is.
    if request.state.claim_delivery(f"wake {agent} {span}", now=now):
        anvil.server.launch_background_task(TASKS[agent])
