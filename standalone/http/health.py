"""``/healthz``: whether this process does its work, for a supervisor or a load balancer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingest.domain.agent_states import AgentState
from ingest.domain.ledger import AgentRecord
from ingest.domain.timestamps import format_timestamp
from ingest.errors import IngestError
from ingest.services.agents.heartbeat import is_alive
from ingest.services.context import CollectorContext

from ..query_runner import QueryRunner
from .server import respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEALTH_PATH = "/healthz"


@dataclass(frozen=True, slots=True)
class HealthApp:
    """A health check (WSGI): 200 while the agents report and the state is available, else 503.

    ``agents``: the names of those that this process runs, which may be one of the two. An agent
    that waits for a rate limit, or after an error of GitHub or of a queue, is alive, because a
    restart would not help. An agent sends no heartbeat if one of its threads hangs.
    """

    context: CollectorContext
    run_query: QueryRunner
    agents: Sequence[str]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; costs one query of the state."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return respond(start_response, "405 Method Not Allowed", "Health is read by GET.\n")
        health = self._check()
        status = "503 Service Unavailable" if health["faults"] else "200 OK"
        text = json.dumps(health) + "\n"
        return respond(start_response, status, text, content_type="application/json")

    def _check(self) -> dict[str, Any]:
        """Return the health of this process; ``faults`` is empty if nothing is wrong."""
        context, now = self.context, self.context.clock.now()
        try:
            records = self.run_query(context.store.list_agents)
        except IngestError as error:
            faults = [f"The state does not answer: {error}"]
            return {"status": "failed", "faults": faults, "agents": []}
        own = [agent for agent in records if agent.host == context.worker_id]  # of this process
        heartbeats = {agent.name: agent for agent in own}
        found = (_fault(name, heartbeats.get(name), now) for name in self.agents)
        faults = [fault for fault in found if fault is not None]
        return {
            "status": "failed" if faults else "ok",
            "faults": faults,
            "agents": [
                {
                    "name": agent.name,
                    "state": agent.state,
                    "heartbeat_at": format_timestamp(agent.heartbeat_at),
                    "note": agent.note,
                }
                for agent in own
            ],
        }


def _fault(name: str, heartbeat: AgentRecord | None, now: datetime) -> str | None:
    if heartbeat is None:
        return f"The {name} has not reported yet."
    if is_alive(heartbeat, now):
        return None
    seconds = (now - heartbeat.heartbeat_at).total_seconds()
    last = f"it last reported {seconds:.0f} s ago"
    if heartbeat.state == AgentState.STOPPED:
        return f"The {name} has stopped: {last}."
    return f"The {name} does not respond: {last} (state: {heartbeat.state})."
