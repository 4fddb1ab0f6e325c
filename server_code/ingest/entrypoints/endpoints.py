"""HTTP endpoints: GitHub's webhooks and the health check.

https://anvil.works/docs/http-apis: their path begins with ``/_/api``. Handlers accept any query
parameters and ignore them: Anvil refuses unknown ones.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

import anvil.server

from ..bootstrap.state_stores import read_anvil_settings
from ..domain.agent_states import AgentState
from ..domain.timestamps import format_timestamp
from ..errors import IngestError
from ..services.context import PIPELINE_MONITORING_AGENT
from ..services.dashboard.agents import agent_rows
from ..services.dashboard.configuration import WEBHOOK_COUNTER
from ..services.monitoring.receive_webhook import receive_webhook, webhook_error_response
from ..wire.webhooks import MAX_BODY_BYTES
from .request_context import RequestContext
from .task_launcher import launch_tick

logger = logging.getLogger(__name__)

#: Agent states in which nothing is collected, other than a pause that a person has asked for.
_BAD_STATES = (
    AgentState.STALLED,
    AgentState.STOPPED,
    AgentState.ERROR,
    AgentState.NEVER_STARTED,
)


@anvil.server.http_endpoint("/github/webhook", methods=["POST"])
def handle_webhook(**_ignored: object) -> anvil.server.HttpResponse:
    """Accept one delivery, and start a poll that reads or publishes what it is about.

    GitHub waits 10 s for the answer; the answer takes a few queries of the state.
    """
    request = anvil.server.request
    # A body without a signature is refused whatever it contains.
    is_signed = request.body is not None and "x-hub-signature-256" in request.headers
    body = request.body.get_bytes() if is_signed else b""
    if len(body) > MAX_BODY_BYTES:
        return _text(413, "The body is larger than any webhook of GitHub.")
    call = RequestContext()
    try:
        settings = call.settings
        response_text = receive_webhook(
            call.state,
            dict(request.headers),
            body,
            secret=settings.github.webhook_secret,
            now=call.now,
        )
        call.state.add_to_saved_counters({WEBHOOK_COUNTER: 1}, now=call.now)
        if response_text.startswith("accepted"):
            launch_tick(call, PIPELINE_MONITORING_AGENT)
    except IngestError as error:
        return _text(*webhook_error_response(error))
    return _text(202, response_text)


@anvil.server.http_endpoint("/health", methods=["GET", "HEAD"])
def report_health(**_ignored: object) -> anvil.server.HttpResponse:
    """Answer 200 while the state answers and no agent has failed, otherwise 503 with the reason.

    Agents that are paused, or that have no repository to watch, have not failed.
    """
    call = RequestContext()
    try:
        read_anvil_settings()
        state, now = call.state, call.now
        repositories = state.list_repositories()
        agents = agent_rows(state.list_agents(), state.load_desired_states(), repositories, now=now)
    except IngestError:
        logger.exception("health check failed")
        return _json(503, {"status": "unwell", "reason": "Settings or state: see the app's log."})
    states = {agent["name"]: agent["state"] for agent in agents}
    is_ok = not repositories or is_well(states.values())
    answer = {
        "status": "ok" if is_ok else "unwell",
        "agents": states,
        "now": format_timestamp(now),
    }
    return _json(200 if is_ok else 503, answer)


def is_well(states: Iterable[str]) -> bool:
    """Return whether all agents work, or are paused, by their states."""
    return not any(state in _BAD_STATES for state in states)


def _text(status: int, text: str) -> anvil.server.HttpResponse:
    return anvil.server.HttpResponse(status, text, headers={"content-type": "text/plain"})


def _json(status: int, value: object) -> anvil.server.HttpResponse:
    return anvil.server.HttpResponse(
        status, json.dumps(value), headers={"content-type": "application/json"}
    )
