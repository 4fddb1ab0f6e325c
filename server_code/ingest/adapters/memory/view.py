"""What people look at, in memory and bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ...domain.ledger import (
    TRAFFIC_KEPT,
    ActivityRecord,
    AgentRecord,
    ErrorRecord,
    MessageCounts,
    message_counts_span,
)
from ...domain.summaries import RunSummary
from ...ports import ViewStore
from ...ports.state import MOST_ACTIVITIES, MOST_ERRORS, MOST_RUN_SUMMARIES
from .tables import AttemptId, Tables, attempt_id, repository_key

_SIGNS_KEPT = timedelta(days=1)


class MemoryView(ViewStore):
    """Keep runs in one line each, agents and what they counted, errors and activities."""

    _tables: Tables

    def save_run_summaries(self, summaries: Sequence[RunSummary]) -> None:
        """Keep runs in one line each, later ones in place of earlier; MOST_RUN_SUMMARIES stay."""
        with self._tables.lock:
            rows = {**self._tables.run_summaries, **{attempt_id(row.key): row for row in summaries}}
            newest = sorted(rows.items(), key=_newest_last, reverse=True)
            self._tables.run_summaries = dict(newest[:MOST_RUN_SUMMARIES])

    def load_run_summaries(self) -> list[RunSummary]:
        """Load all that are kept, newest created first."""
        with self._tables.lock:
            return list(self._tables.run_summaries.values())

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

    def save_desired_state(self, name: str, desired_state: str) -> None:
        """Remember what people want of an agent; the newest wish counts."""
        with self._tables.lock:
            self._tables.agent_wishes[name] = desired_state

    def load_desired_states(self) -> dict[str, str]:
        """Load the wishes by agent; one that nobody spoke of is not among them."""
        with self._tables.lock:
            return dict(self._tables.agent_wishes)

    def add_counts(self, counts: Mapping[str, int], *, now: datetime) -> None:
        """Add to the totals and to this moment's span of traffic, all or none."""
        grown = {name: amount for name, amount in counts.items() if amount}
        if not grown:
            return
        span = message_counts_span(now)
        with self._tables.lock:
            for counter in (self._tables.totals, self._tables.spans.setdefault(span, Counter())):
                for name, amount in grown.items():
                    counter[name] += amount
            oldest = span - TRAFFIC_KEPT
            spans = self._tables.spans.items()
            self._tables.spans = {start: kept for start, kept in spans if start > oldest}

    def load_message_counts(self) -> MessageCounts:
        """Load all totals, and the spans of the last TRAFFIC_KEPT before the newest addition."""
        with self._tables.lock:
            spans = sorted(self._tables.spans.items())
            return MessageCounts(
                totals=dict(self._tables.totals),
                spans=tuple((start, dict(counts)) for start, counts in spans),
            )

    def add_error(self, record: ErrorRecord) -> None:
        """Keep an error; MOST_ERRORS at most."""
        with self._tables.lock:
            self._tables.errors.append(record)
            self._tables.errors.sort(key=_time)
            del self._tables.errors[:-MOST_ERRORS]

    def list_errors(self, *, limit: int) -> list[ErrorRecord]:
        """List errors, newest first."""
        with self._tables.lock:
            return self._tables.errors[::-1][: max(0, limit)]

    def remove_errors(self, *, agent: str, repository: str | None, what: str) -> int:
        """Forget every error that says the same of the same; return how many they were."""
        wanted = (agent, _optional_key(repository), what)
        with self._tables.lock:
            errors = self._tables.errors
            self._tables.errors = [
                each
                for each in errors
                if (each.agent, _optional_key(each.repository), each.what) != wanted
            ]
            return len(errors) - len(self._tables.errors)

    def add_activity(self, record: ActivityRecord) -> None:
        """Keep an activity; MOST_ACTIVITIES at most."""
        with self._tables.lock:
            self._tables.activities.append(record)
            self._tables.activities.sort(key=_time)
            del self._tables.activities[:-MOST_ACTIVITIES]

    def list_activities(self, *, limit: int) -> list[ActivityRecord]:
        """List activities, newest first."""
        with self._tables.lock:
            return self._tables.activities[::-1][: max(0, limit)]


def _newest_last(item: tuple[AttemptId, RunSummary]) -> tuple[datetime, int, int, str]:
    (name, run_id, run_attempt), summary = item
    return summary.created_at, run_id, run_attempt, name


def _copy(record: AgentRecord) -> AgentRecord:
    """Give away no dictionary that the store keeps."""
    return replace(record, counts=dict(record.counts), rate_limit=dict(record.rate_limit))


def _optional_key(repository: str | None) -> str | None:
    return None if repository is None else repository_key(repository)


def _time(record: ErrorRecord | ActivityRecord) -> datetime:
    return record.occurred_at
