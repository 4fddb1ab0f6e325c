"""Where a collector stands, as its state tells: plain values for programs and for tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ingest.domain.ledger import (
    AgentRecord,
    ErrorRecord,
    LedgerCounts,
    RepositoryRecord,
    backlog_seconds,
)
from ingest.domain.timestamps import format_timestamp
from ingest.ports import StateStore
from ingest.services.heartbeat import is_alive


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLine:
    """Be one repository and how much of it is collected."""

    record: RepositoryRecord
    counts: LedgerCounts

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Lay it out for programs."""
        record = self.record
        return {
            "full_name": record.full_name,
            "paused": record.paused,
            "last_polled_at": format_timestamp(record.last_polled_at),
            "next_poll_at": format_timestamp(record.next_poll_at),
            "is_being_polled": record.lease_holder is not None,
            "in_flight": self.counts.in_flight,
            "collected": self.counts.collected,
            "backlog": self.counts.unread_attempts,
            "backlog_seconds": backlog_seconds(record, self.counts, now),
            "known": self.counts.attempts,
            "logs_pending": self.counts.logs_pending,
            "logs_fetched": self.counts.logs_fetched,
            "logs_unavailable": self.counts.logs_unavailable,
            "failures": record.failures,
            "last_error": record.last_error,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Be one look at the state; ``left_out`` counts repositories that are not listed."""

    taken_at: datetime
    agents: list[AgentRecord]
    repositories: list[RepositoryLine]
    left_out: int
    counts: LedgerCounts
    errors: list[ErrorRecord]

    def as_json(self) -> dict[str, Any]:
        """Lay it out for programs."""
        return {
            "taken_at": format_timestamp(self.taken_at),
            "agents": [_agent(agent, self.taken_at) for agent in self.agents],
            "repositories": [line.as_json(self.taken_at) for line in self.repositories],
            "counts": asdict(self.counts),
            "errors": [_error(error) for error in self.errors],
        }


def build_overview(
    store: StateStore, *, now: datetime, errors: int, repositories: int | None = None
) -> Overview:
    """Read the state; with a number of repositories, those that need a look and the busiest."""
    records = sorted(store.list_repositories(), key=_by_interest)
    shown = sorted(records[:repositories], key=lambda record: record.full_name.lower())
    return Overview(
        taken_at=now,
        agents=store.list_agents(),
        repositories=[
            RepositoryLine(record=record, counts=store.count_ledger(record.full_name))
            for record in shown
        ],
        left_out=len(records) - len(shown),
        counts=store.count_ledger(),
        errors=store.list_errors(limit=errors),
    )


def alive(agents: Sequence[AgentRecord], now: datetime) -> list[AgentRecord]:
    """Choose the agents that are alive."""
    return [agent for agent in agents if is_alive(agent, now)]


def _by_interest(record: RepositoryRecord) -> tuple[bool, float, str]:
    changed = record.last_changed_at
    return (not record.failures, -changed.timestamp() if changed else 0.0, record.full_name)


def _agent(agent: AgentRecord, now: datetime) -> dict[str, Any]:
    return {
        "name": agent.name,
        "holder": agent.holder,
        "state": agent.state,
        "is_alive": is_alive(agent, now),
        "heartbeat_at": format_timestamp(agent.heartbeat_at),
        "started_at": format_timestamp(agent.started_at),
        "counts": dict(agent.counts),
        "rate_limit": dict(agent.rate_limit),
        "note": agent.note,
    }


def _error(error: ErrorRecord) -> dict[str, Any]:
    return {
        "occurred_at": format_timestamp(error.occurred_at),
        "agent": error.agent,
        "repository": error.repository,
        "what": error.what,
        "remedy": error.remedy,
    }
