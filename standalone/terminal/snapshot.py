"""The state of a collector for `status` and the live view, from the pages' read model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from ingest.domain.backlog import request_budget
from ingest.domain.ledger import AgentRecord, ErrorRecord, LedgerCounts
from ingest.domain.stored_values import repository_key
from ingest.domain.timestamps import format_timestamp
from ingest.ports import StateStore
from ingest.services.agents.heartbeat import HEARTBEAT_TIMEOUT
from ingest.services.dashboard.activity import error_row
from ingest.services.dashboard.agents import heartbeat_rows
from ingest.services.dashboard.health_input import total_counts
from ingest.services.dashboard.repositories import sort_by_interest
from ingest.services.dashboard.rows import discovery_fields, repository_row


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSnapshot:
    """The state at one time; ``left_out`` counts the repositories that are not listed.

    ``by_interest``: the names of the listed ones; those that fail, then those that changed last.
    """

    taken_at: datetime
    agents: list[AgentRecord]
    repositories: list[dict[str, Any]]
    left_out: int
    by_interest: list[str]
    counts: LedgerCounts
    errors: list[ErrorRecord]

    def shortened(self, max_repositories: int) -> CollectorSnapshot:
        """Return a snapshot of at most so many repositories: ``by_interest`` in their order."""
        if len(self.repositories) <= max_repositories:
            return self
        rows = {row["full_name"]: row for row in self.repositories}
        first = self.by_interest[:max_repositories]
        left_out = self.left_out + len(self.repositories) - len(first)
        return replace(self, repositories=[rows[name] for name in first], left_out=left_out)

    def as_json(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return {
            "taken_at": format_timestamp(self.taken_at),
            "agents": heartbeat_rows(self.agents, now=self.taken_at),
            "repositories": self.repositories,
            "counts": asdict(self.counts),
            "errors": [error_row(error) for error in self.errors],
        }


def load_snapshot(
    store: StateStore,
    *,
    now: datetime,
    max_errors: int,
    max_repositories: int | None = None,
    web_url: str | None = None,
) -> CollectorSnapshot:
    """Read the state; ``max_repositories`` limits the list to the first ``by_interest``."""
    records = sort_by_interest(store.list_repositories())
    shown = sorted(records[:max_repositories], key=lambda record: record.full_name.lower())
    counts = store.count_ledger_by_repository()
    known = {repository_key(each.full_name): each for each in store.list_discovered_repositories()}
    agents = store.list_agents()
    budget = request_budget(agents, now)
    return CollectorSnapshot(
        taken_at=now,
        agents=agents,
        repositories=[
            {
                **repository_row(
                    record,
                    counts.get(repository_key(record.full_name), LedgerCounts()),
                    web_url=web_url,
                    now=now,
                    budget=budget,
                ),
                **discovery_fields(record, known.get(repository_key(record.full_name))),
            }
            for record in shown
        ],
        left_out=len(records) - len(shown),
        by_interest=[record.full_name for record in records[:max_repositories]],
        counts=total_counts(counts, records),
        errors=store.list_errors(limit=max_errors),
    )


def with_recent_heartbeat(agents: Sequence[AgentRecord], now: datetime) -> list[AgentRecord]:
    """Return the agents whose heartbeat is recent: they work, or have just stopped."""
    return [agent for agent in agents if abs(now - agent.heartbeat_at) < HEARTBEAT_TIMEOUT]
