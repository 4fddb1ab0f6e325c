"""The Overview page: state of collection, counts and failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ...domain.backlog import request_budget
from ...domain.counters import sent_messages_counter
from ...domain.ledger import JobLogRecord, LedgerCounts
from ...domain.saved_counters import COUNT_INTERVAL, SavedCounters, start_of_count_interval
from ...domain.stored_values import repository_key
from ...domain.summaries import RunSummary
from ...domain.timestamps import format_timestamp
from ...ports import StateStore
from ...settings import Settings
from .activity import group_errors
from .collection import collection_row, is_recent
from .health import assess_health
from .health_input import HealthInput, longest_backfill_seconds, read_health_input
from .repositories import sort_by_interest
from .rows import repository_row, summary_row
from .setup import setup_steps
from .windows import window_rows

SHOWN_REPOSITORIES = 8
SHOWN_FAILURES = 5
SHOWN_RUNS = 8
SHOWN_INTERVALS = 288

_HOUR = timedelta(hours=1)


def build_overview(store: StateStore, settings: Settings, *, now: datetime) -> dict[str, Any]:
    """Load everything that the Overview page shows. Raises StateUnavailable."""
    inputs = read_health_input(store, settings, now=now)
    summaries, saved_counters = store.load_run_summaries(), inputs.saved_counters
    groups = group_errors(inputs.errors)
    repositories = _repositories(settings, inputs, now)
    inputs = replace(inputs, backfill_seconds_left=longest_backfill_seconds(repositories["shown"]))
    queues = {"metrics": settings.queues.metrics_queue, "logs": settings.queues.logs_queue}
    steps = setup_steps(settings, has_repository=bool(inputs.repositories))
    newest = next((each for each in inputs.collections if is_recent(each, now)), None)
    return {
        "now": format_timestamp(now),
        "setup": steps,
        "is_set_up": all(step["is_done"] for step in steps),
        "health": assess_health(inputs, now=now).as_json(),
        "agents": inputs.agents,
        "messages": _messages(queues, saved_counters, now),
        "message_intervals": _message_intervals(queues, saved_counters, now),
        "github": _github(inputs, saved_counters),
        "repositories": repositories,
        "windows": window_rows(summaries, saved_counters, now=now),
        "oldest_pending": _pending_row(inputs.oldest_pending_log),
        "failures": _newest_failures(summaries),
        "recent": [summary_row(each) for each in summaries[:SHOWN_RUNS]],
        "errors": {"count": len(groups), "newest": groups[0] if groups else None},
        "collection": None if newest is None else collection_row(newest, now=now),
    }


def _newest_failures(summaries: Sequence[RunSummary]) -> list[dict[str, Any]]:
    """Return the runs that failed last, whenever they started."""
    failed = [each for each in summaries if each.is_failed]
    failed.sort(key=lambda each: each.completed_at or each.created_at, reverse=True)
    return [summary_row(each) for each in failed[:SHOWN_FAILURES]]


def _messages(
    queues: Mapping[str, str], saved_counters: SavedCounters, now: datetime
) -> list[dict[str, Any]]:
    return [
        {
            "queue": name,
            "purpose": purpose,
            "total": saved_counters.totals.get(sent_messages_counter(name), 0),
            "last_hour": _count_since(saved_counters, sent_messages_counter(name), now - _HOUR),
        }
        for purpose, name in queues.items()
    ]


def _count_since(saved_counters: SavedCounters, counter: str, since: datetime) -> int:
    return sum(counts.get(counter, 0) for at, counts in saved_counters.intervals if at > since)


def _message_intervals(
    queues: Mapping[str, str], saved_counters: SavedCounters, now: datetime
) -> dict[str, list[int]]:
    """Return how many messages each queue got in each interval, from the first one stored to now.

    The times are left out, because every refresh of a page sends the intervals of a day.
    """
    intervals: Mapping[datetime, Mapping[str, int]] = dict(saved_counters.intervals)
    last = start_of_count_interval(now)
    first = max(min(intervals, default=last), last - (SHOWN_INTERVALS - 1) * COUNT_INTERVAL)
    number = (last - first) // COUNT_INTERVAL + 1 if intervals else 0
    counts = [intervals.get(first + COUNT_INTERVAL * index, {}) for index in range(number)]
    return {
        purpose: [each.get(sent_messages_counter(name), 0) for each in counts]
        for purpose, name in queues.items()
    }


def _github(inputs: HealthInput, saved_counters: SavedCounters) -> dict[str, Any]:
    reported = [each for each in inputs.heartbeats if each.rate_limit.get("remaining") is not None]
    newest = max(reported, key=lambda each: each.heartbeat_at, default=None)
    limits = {} if newest is None else dict(newest.rate_limit)
    return {
        "limit": limits.get("limit"),
        "remaining": limits.get("remaining"),
        "reset_at": limits.get("reset_at"),
        "credentials": [
            {
                "name": each.name,
                "limit": each.limit,
                "remaining": each.remaining,
                "reset_at": format_timestamp(each.reset_at),
            }
            for each in inputs.credentials
        ],
        "charged": saved_counters.totals.get("github_requests.charged", 0),
        "free": saved_counters.totals.get("github_requests.free", 0),
    }


def _repositories(settings: Settings, inputs: HealthInput, now: datetime) -> dict[str, Any]:
    """Count the repositories, and return the first ones in order of interest."""
    records, counts = inputs.repositories, inputs.counts
    budget = request_budget(inputs.heartbeats, now)
    shown = sort_by_interest(records)[:SHOWN_REPOSITORIES]
    return {
        "watched": len(records),
        "paused": sum(each.paused for each in records),
        "failing": sum(each.failed_polls > 0 and not each.paused for each in records),
        "in_flight": counts.in_flight,
        "backlog": counts.unread_attempts,
        "attempts": counts.attempts,
        "collected": counts.collected,
        "logs_fetched": counts.logs_fetched,
        "logs_pending": counts.logs_pending,
        "logs_unavailable": counts.logs_unavailable,
        "shown": [
            repository_row(
                each,
                inputs.counts_by_repository.get(repository_key(each.full_name), LedgerCounts()),
                web_url=settings.github.web_url,
                now=now,
                budget=budget,
            )
            for each in shown
        ],
    }


def _pending_row(log: JobLogRecord | None) -> dict[str, Any] | None:
    """Return a pending log, with the reason if its last try failed."""
    if log is None:
        return None
    return {
        "repository": log.key.repository,
        "run_id": log.key.run_id,
        "job_id": log.job_id,
        "job_name": log.job_name,
        "since": format_timestamp(log.waits_since),
        "reason": log.reason,
    }
