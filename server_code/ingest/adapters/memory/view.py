"""What people look at, in memory and bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ...domain.ledger import AgentRecord, ErrorRecord
from ...domain.runs import AttemptKey
from ...ports import ViewStore
from .tables import AttemptId, Tables, attempt_id, repository_key

_MOST_RECENT_RUNS = 2000
_MOST_ERRORS = 500
_SIGNS_KEPT = timedelta(days=1)


class MemoryView(ViewStore):
    """Keep recent runs, agents and errors; message data is kept as the JSON it will be."""

    _tables: Tables

    def save_recent_runs(
        self, runs: Sequence[tuple[AttemptKey, datetime, Mapping[str, Any]]]
    ) -> None:
        """Keep runs' newest message data, with the time the run was created; 2,000 at most."""
        with self._tables.lock:
            rows = self._tables.recent_runs
            for key, created_at, data in runs:
                rows[attempt_id(key)] = (created_at, json.dumps(data))
            newest = sorted(rows.items(), key=_newest_last, reverse=True)
            self._tables.recent_runs = dict(newest[:_MOST_RECENT_RUNS])

    def load_recent_runs(
        self, *, limit: int, offset: int = 0, repository: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Load message data, newest created first."""
        wanted = None if repository is None else repository_key(repository)
        with self._tables.lock:
            rows = self._tables.recent_runs.items()
            found = [text for (name, _, _), (_, text) in rows if wanted in (None, name)]
        start = max(0, offset)
        return [json.loads(text) for text in found[start : start + max(0, limit)]]

    def save_agent(self, record: AgentRecord) -> None:
        """Keep an agent's newest sign of life; signs a day older than this one go."""
        oldest = record.heartbeat_at - _SIGNS_KEPT
        with self._tables.lock:
            agents = {**self._tables.agents, (record.name, record.holder): _copy(record)}
            self._tables.agents = {
                key: kept for key, kept in agents.items() if kept.heartbeat_at >= oldest
            }

    def list_agents(self) -> list[AgentRecord]:
        """List agents, by name and holder."""
        with self._tables.lock:
            return [_copy(self._tables.agents[key]) for key in sorted(self._tables.agents)]

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; 500 at most."""
        with self._tables.lock:
            self._tables.errors.append(record)
            self._tables.errors.sort(key=_time)
            del self._tables.errors[:-_MOST_ERRORS]

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        with self._tables.lock:
            return self._tables.errors[::-1][: max(0, limit)]


def _newest_last(item: tuple[AttemptId, tuple[datetime, str]]) -> tuple[datetime, int, int, str]:
    (name, run_id, run_attempt), (created_at, _) = item
    return created_at, run_id, run_attempt, name


def _copy(record: AgentRecord) -> AgentRecord:
    """Give away no dictionary that the store keeps."""
    return replace(record, counts=dict(record.counts), rate_limit=dict(record.rate_limit))


def _time(record: ErrorRecord) -> datetime:
    return record.occurred_at
