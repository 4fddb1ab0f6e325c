"""The state of both agents, be they tasks of this app or other processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from ...domain.agent_states import AgentState
from ...domain.due import due_since
from ...domain.ledger import DESIRED_PAUSED, AgentRecord, RepositoryRecord
from ...domain.timestamps import format_timestamp
from ...ports import StateStore
from ..agents.heartbeat import is_alive
from ..context import AGENTS, PIPELINE_MONITORING_AGENT

#: Ticks start every minute, and one of them may be late.
STALLED_AFTER = timedelta(seconds=150)

#: States reported by an agent that take precedence over running and idle.
_PROBLEM_STATES = (AgentState.ERROR, AgentState.LIMITED)

#: If several hosts run an agent, the host whose state comes first here is shown.
_PRECEDENCE = (*_PROBLEM_STATES, AgentState.RUNNING)

_HEARTBEAT_AT = attrgetter("heartbeat_at")


def load_agent_rows(store: StateStore, *, now: datetime) -> list[dict[str, Any]]:
    """Load the state of both agents. Raises StateUnavailable."""
    reads = store.for_dashboard()
    desired_states, repositories = reads.load_desired_states(), reads.list_repositories()
    return agent_rows(store.list_agents(), desired_states, repositories, now=now)


def agent_rows(
    records: Sequence[AgentRecord],
    desired_states: Mapping[str, str],
    repositories: Sequence[RepositoryRecord],
    *,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return a row for each agent: its first live host by ``_PRECEDENCE``, else the latest."""
    rows = []
    for name in AGENTS:
        heartbeats = sorted((each for each in records if each.name == name), key=_HEARTBEAT_AT)
        rows.append(_row(name, heartbeats, desired_states.get(name), repositories, now=now))
    return rows


def heartbeat_rows(records: Sequence[AgentRecord], *, now: datetime) -> list[dict[str, Any]]:
    """Return every heartbeat, newest first."""
    return [
        {
            "name": each.name,
            "host": each.host,
            "state": each.state,
            "is_alive": is_alive(each, now),
            "heartbeat_at": format_timestamp(each.heartbeat_at),
            "started_at": format_timestamp(each.started_at),
            "note": each.note,
            "counts": dict(each.counts),
            "rate_limit": dict(each.rate_limit),
        }
        for each in sorted(records, key=_HEARTBEAT_AT, reverse=True)
        if each.name in AGENTS
    ]


def state_on_host(record: AgentRecord, now: datetime) -> str:
    """Return the state of an agent on one host; one that no longer reports has stalled."""
    if record.state == AgentState.STOPPED or is_alive(record, now, timeout=STALLED_AFTER):
        return record.state
    return AgentState.STALLED.value


def _row(
    name: str,
    heartbeats: Sequence[AgentRecord],
    desired_state: str | None,
    repositories: Sequence[RepositoryRecord],
    *,
    now: datetime,
) -> dict[str, Any]:
    # A stopped host must not hide one that works.
    live = [each for each in heartbeats if is_alive(each, now, timeout=STALLED_AFTER)]
    shown = max(live, key=_precedence) if live else next(reversed(heartbeats), None)
    logs = [each.last_log_at for each in heartbeats if each.last_log_at is not None]
    worked_at, next_at = max(logs, default=None), None
    if name == PIPELINE_MONITORING_AGENT:
        worked_at, next_at = _poll_times(repositories, now)
    return {
        "name": name,
        "state": _state(shown, desired_state, now),
        "note": shown.note if shown else None,
        "heartbeat_at": format_timestamp(shown.heartbeat_at) if shown else None,
        "worked_at": format_timestamp(worked_at),
        "next_at": format_timestamp(next_at),
        "started_at": format_timestamp(shown.started_at) if shown else None,
        "hosts": len(live),
    }


def _precedence(record: AgentRecord) -> tuple[int, datetime]:
    """Return a sort key, the largest is shown: a page must not alternate between hosts."""
    states = [state.value for state in _PRECEDENCE]
    rank = states.index(record.state) if record.state in states else len(states)
    return -rank, record.heartbeat_at


def _state(shown: AgentRecord | None, desired_state: str | None, now: datetime) -> str:
    if desired_state == DESIRED_PAUSED:
        return AgentState.PAUSED.value
    if shown is None:
        return AgentState.NEVER_STARTED.value
    state = state_on_host(shown, now)
    if state in (AgentState.STOPPED, AgentState.STALLED, *_PROBLEM_STATES):
        return state
    is_running = shown.state == AgentState.RUNNING and is_alive(shown, now)
    return AgentState.RUNNING.value if is_running else AgentState.IDLE.value


def _poll_times(
    repositories: Sequence[RepositoryRecord], now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return the times of the last and the next poll, or since when that is due."""
    unpaused = [each for each in repositories if not each.paused]
    last = [each.last_polled_at for each in unpaused if each.last_polled_at is not None]
    due = [due_since(now, each.next_poll_at) for each in unpaused if each.next_poll_at is not None]
    return max(last, default=None), min(due, default=None)
