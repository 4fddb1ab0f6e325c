"""How the agents are, whoever runs them: tasks of this app, a daemon, a headless process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...domain.ledger import WISH_PAUSED, AgentRecord, RepositoryRecord
from ...domain.timestamps import format_timestamp
from ...ports import StateStore
from ..context import AGENTS, PIPELINE_MONITORING_AGENT
from ..heartbeat import SILENCE, is_alive

#: Ticks come every minute, and the first of them may be late.
STALLED_AFTER = timedelta(seconds=150)

#: What an agent says of itself that is worth more than whether it works at this moment.
_SPEAKING = ("in trouble", "limited")


def load_agent_rows(store: StateStore, *, now: datetime) -> list[dict[str, Any]]:
    """Read how both agents are. Raises StateUnavailable."""
    return agent_rows(
        store.list_agents(), store.load_desired_states(), store.list_repositories(), now=now
    )


def agent_rows(
    records: Sequence[AgentRecord],
    desired_states: Mapping[str, str],
    repositories: Sequence[RepositoryRecord],
    *,
    now: datetime,
) -> list[dict[str, Any]]:
    """Lay out both agents, each as the newest of its signs of life tells."""
    rows = []
    for name in AGENTS:
        signs = sorted((each for each in records if each.name == name), key=_heartbeat)
        rows.append(_row(name, signs, desired_states.get(name), repositories, now=now))
    return rows


def host_rows(records: Sequence[AgentRecord], *, now: datetime) -> list[dict[str, Any]]:
    """Return every heartbeat, newest first."""
    return [
        {
            "name": each.name,
            "host": each.holder,
            "state": each.state,
            "is_alive": is_alive(each, now),
            "heartbeat_at": format_timestamp(each.heartbeat_at),
            "started_at": format_timestamp(each.started_at),
            "note": each.note,
            "counts": dict(each.counts),
            "rate_limit": dict(each.rate_limit),
        }
        for each in sorted(records, key=_heartbeat, reverse=True)
        if each.name in AGENTS
    ]


def _row(
    name: str,
    signs: Sequence[AgentRecord],
    desired_state: str | None,
    repositories: Sequence[RepositoryRecord],
    *,
    now: datetime,
) -> dict[str, Any]:
    # One that has just stopped hides nobody who works.
    live = [each for each in signs if _is_live(each, now)]
    newest = next(reversed(live or signs), None)
    worked_at, next_at = newest.heartbeat_at if newest else None, None
    if name == PIPELINE_MONITORING_AGENT:
        worked_at, next_at = _polls(repositories)
    return {
        "name": name,
        "state": _state(newest, desired_state, now),
        "note": newest.note if newest else None,
        "heartbeat_at": format_timestamp(newest.heartbeat_at) if newest else None,
        "worked_at": format_timestamp(worked_at),
        "next_at": format_timestamp(next_at),
        "started_at": format_timestamp(newest.started_at) if newest else None,
        "hosts": len(live),
    }


def _state(newest: AgentRecord | None, desired_state: str | None, now: datetime) -> str:
    if desired_state == WISH_PAUSED:
        return "paused"
    if newest is None:
        return "never ran"
    if not _is_live(newest, now):
        return "stalled"
    if newest.state in _SPEAKING:
        return newest.state
    is_fresh = now - newest.heartbeat_at < SILENCE
    return "running" if newest.state == "running" and is_fresh else "idle"


def _is_live(sign: AgentRecord, now: datetime) -> bool:
    return sign.state != "stopped" and now - sign.heartbeat_at < STALLED_AFTER


def _polls(repositories: Sequence[RepositoryRecord]) -> tuple[datetime | None, datetime | None]:
    """Find when a repository was last polled, and when the next one will be."""
    active = [each for each in repositories if not each.paused]
    last = [each.last_polled_at for each in active if each.last_polled_at is not None]
    coming = [each.next_poll_at for each in active if each.next_poll_at is not None]
    return max(last, default=None), min(coming, default=None)


def _heartbeat(record: AgentRecord) -> datetime:
    return record.heartbeat_at
