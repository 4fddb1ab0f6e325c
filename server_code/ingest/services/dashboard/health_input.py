"""The inputs that health is computed from, read from the state; pages and ``status`` share them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ...domain.agent_states import AgentState
from ...domain.collection_records import CollectionRecord
from ...domain.counters import sent_messages_counter
from ...domain.ledger import (
    LOG_PENDING,
    MAX_ERRORS,
    AgentRecord,
    ErrorRecord,
    JobLogRecord,
    LedgerCounts,
    RepositoryRecord,
    sum_counts,
)
from ...domain.saved_counters import SavedCounters
from ...domain.source_records import CredentialRecord, SourceRecord
from ...domain.stored_values import repository_key
from ...domain.timestamps import parse_timestamp
from ...errors import StateUnavailable
from ...ports import StateStore
from ...settings import Settings
from ..agents.heartbeat import is_alive
from ..collections.one_time_collection import find_one_time_collection
from .agents import agent_rows

#: Logs arrive within minutes; if they wait longer and none is fetched, log ingestion has stalled.
LOG_STALL_TIME = timedelta(minutes=15)

#: How many pending logs are searched for the oldest: the store sorts them by their last try.
SEARCHED_LOGS = 50

#: Agent states in which no process is expected to report.
_ENDED_STATES = (AgentState.NEVER_STARTED, AgentState.STOPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthInput:
    """What health and pages are computed from; ``agents`` are rows of ``agent_rows``.

    ``counts``: of all repositories, without open attempts of those that are not polled.
    ``one_time_collection`` ended after the last heartbeat of any agent. ``recent_log_count``: how
    many logs were published within LOG_STALL_TIME. ``unanswered_since``: since when hosts and
    queues have answered nothing. ``backfill_seconds_left``: of the longest backfill.
    ``write_error``: why the state cannot be written; None if it can.
    """

    agents: Sequence[Mapping[str, Any]]
    repositories: Sequence[RepositoryRecord]
    sources: Sequence[SourceRecord]
    credentials: Sequence[CredentialRecord]
    counts: LedgerCounts
    errors: Sequence[ErrorRecord]
    oldest_pending_log: JobLogRecord | None
    recent_log_count: int
    heartbeats: Sequence[AgentRecord] = ()
    counts_by_repository: Mapping[str, LedgerCounts] = field(default_factory=dict)
    saved_counters: SavedCounters = field(default_factory=SavedCounters)
    collections: Sequence[CollectionRecord] = ()
    one_time_collection: CollectionRecord | None = None
    unanswered_since: Mapping[str, datetime] = field(default_factory=dict)
    backfill_seconds_left: float | None = None
    write_error: str | None = None


def read_health_input(store: StateStore, settings: Settings, *, now: datetime) -> HealthInput:
    """Read what health is computed from. Raises StateUnavailable.

    Also tries to write: a collector that cannot write its state cannot record errors either.
    """
    heartbeats, reads = store.list_agents(), store.for_dashboard()
    repositories, collections = reads.list_repositories(), reads.list_collections()
    agents = agent_rows(heartbeats, reads.load_desired_states(), repositories, now=now)
    has_ended = all(agent["state"] in _ENDED_STATES for agent in agents)
    saved_counters = store.load_saved_counters()
    recent = [counts for at, counts in saved_counters.intervals if at > now - LOG_STALL_TIME]
    logs = sent_messages_counter(settings.queues.logs_queue)
    counts_by_repository = store.count_ledger_by_repository()
    counts = total_counts(counts_by_repository, repositories)
    return HealthInput(
        heartbeats=heartbeats,
        agents=agents,
        repositories=repositories,
        counts=counts,
        counts_by_repository=counts_by_repository,
        errors=reads.list_errors(limit=MAX_ERRORS),
        saved_counters=saved_counters,
        recent_log_count=sum(counts.get(logs, 0) for counts in recent),
        sources=reads.list_sources(),
        credentials=reads.list_credentials(),
        oldest_pending_log=_oldest_pending_log(store, now) if counts.logs_pending else None,
        collections=collections,
        one_time_collection=find_one_time_collection(collections, heartbeats)
        if has_ended
        else None,
        unanswered_since=_unanswered(heartbeats, now),
        write_error=_write_error(store, heartbeats, now),
    )


def total_counts(
    counts_by_repository: Mapping[str, LedgerCounts], repositories: Sequence[RepositoryRecord]
) -> LedgerCounts:
    """Add the counts of all repositories, without the open attempts of those that are not polled.

    Nothing reads the attempts of paused and removed repositories, so they would be open for ever.
    """
    polled = {repository_key(each.full_name) for each in repositories if not each.paused}
    return sum_counts(
        counts
        if key in polled
        else replace(counts, attempts=counts.collected, open_attempts=0, unread_attempts=0)
        for key, counts in counts_by_repository.items()
    )


def _unanswered(heartbeats: Sequence[AgentRecord], now: datetime) -> dict[str, datetime]:
    """Return the hosts and queues that answer no agent that is alive, each with since when."""
    alive = [each for each in heartbeats if is_alive(each, now)]
    answered = [pair for each in alive for pair in _read_times(each.answered_at)]
    silent = [
        (target, since)
        for each in alive
        for target, since in _read_times(each.unanswered_since)
        if not any(other == target and at > since for other, at in answered)
    ]
    return dict(sorted(silent, key=lambda each: each[1], reverse=True))


def _read_times(times: Mapping[str, str]) -> list[tuple[str, datetime]]:
    parsed = [(target, parse_timestamp(text)) for target, text in times.items()]
    return [(target, at) for target, at in parsed if at is not None]


def _write_error(store: StateStore, heartbeats: Sequence[AgentRecord], now: datetime) -> str | None:
    try:
        store.check_writable_unless_just_written(heartbeats, now=now)
    except StateUnavailable as error:
        return str(error)
    return None


def _oldest_pending_log(store: StateStore, now: datetime) -> JobLogRecord | None:
    """Return the log that has been pending for longest."""
    logs = store.load_waiting_logs(LOG_PENDING, None, updated_before=now, limit=SEARCHED_LOGS)
    return min(logs, key=lambda log: log.waits_since, default=None)


def longest_backfill_seconds(repository_rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Return how long the longest backfill that goes on will take, if it is known."""
    backfilling = (row for row in repository_rows if row["backlog"] and not row["paused"])
    estimates = [row["backlog_seconds"] for row in backfilling]
    return max((each for each in estimates if each is not None), default=None)
