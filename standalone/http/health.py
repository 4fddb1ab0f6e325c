"""``/healthz``: whether this process does its work, for a supervisor or a load balancer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingest.domain.ledger import AgentRecord
from ingest.domain.timestamps import format_timestamp
from ingest.errors import IngestError
from ingest.services.agents.heartbeat import is_alive
from ingest.services.context import AGENTS, CollectorContext

from ..state_query import StateQuery, query_directly
from .server import answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEALTH_PATH = "/healthz"


class HealthApp:
    """A health check (WSGI): 200 while the agents report and the state is available, else 503.

    ``agents`` are those that this process runs: another process may run the other one.

    An agent that a limit or an error of GitHub or AWS stops is alive: a restart would not help. An
    agent with a thread that hangs sends no heartbeat.
    """

    def __init__(
        self,
        context: CollectorContext,
        ask: StateQuery = query_directly,
        *,
        agents: Sequence[str] = AGENTS,
    ) -> None:
        self._context = context
        self._ask = ask
        self._agents = agents

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; costs one query of the state."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return answer(start_response, "405 Method Not Allowed", "Health is read by GET.\n")
        found = check_health(self._context, self._ask, agents=self._agents)
        status = "503 Service Unavailable" if found["faults"] else "200 OK"
        text = json.dumps(found) + "\n"
        return answer(start_response, status, text, kind="application/json")


def check_health(
    context: CollectorContext,
    ask: StateQuery = query_directly,
    *,
    agents: Sequence[str] = AGENTS,
) -> dict[str, Any]:
    """Return the state of this process; ``faults`` is empty where nothing is wrong."""
    now = context.clock.now()
    try:
        records = ask(context.store.list_agents)
    except IngestError as error:
        return {"status": "failed", "faults": [f"The state does not answer: {error}"], "agents": []}
    own = [agent for agent in records if agent.host == context.worker_id]
    heartbeats = {agent.name: agent for agent in own}
    faults = [fault for name in agents if (fault := _fault(name, heartbeats.get(name), now))]
    return {
        "status": "failed" if faults else "ok",
        "faults": faults,
        "agents": [_heartbeat_row(agent) for agent in own],
    }


def _fault(name: str, heartbeat: AgentRecord | None, now: datetime) -> str | None:
    if heartbeat is None:
        return f"The {name} has not reported yet."
    if is_alive(heartbeat, now):
        return None
    seconds = (now - heartbeat.heartbeat_at).total_seconds()
    return f"The {name} is {heartbeat.state}: its last heartbeat is {seconds:.0f} s old."


def _heartbeat_row(agent: AgentRecord) -> dict[str, str | None]:
    return {
        "name": agent.name,
        "state": agent.state,
        "heartbeat_at": format_timestamp(agent.heartbeat_at),
        "note": agent.note,
    }
