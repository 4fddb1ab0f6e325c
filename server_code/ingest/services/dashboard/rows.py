"""The rows that several pages show."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ...domain.backlog import RequestBudget, backlog_seconds
from ...domain.ledger import LedgerCounts, RepositoryRecord
from ...domain.source_records import DiscoveredRepository
from ...domain.summaries import RunSummary
from ...domain.timestamps import format_timestamp


def summary_row(summary: RunSummary) -> dict[str, Any]:
    """Return one run attempt as lists show it; ``job_marks``: a letter for each job's result.

    ``title``: the first line of its commit's message.
    """
    return {
        "repository": summary.key.repository,
        "run_id": summary.key.run_id,
        "run_attempt": summary.key.run_attempt,
        "run_number": summary.run_number,
        "workflow_name": summary.workflow_name,
        "head_branch": summary.head_branch,
        "head_sha": summary.head_sha,
        "event": summary.event,
        "actor": summary.actor,
        "title": summary.title,
        "status": summary.status,
        "conclusion": summary.conclusion,
        "created_at": format_timestamp(summary.created_at),
        "run_started_at": format_timestamp(summary.run_started_at),
        "completed_at": format_timestamp(summary.completed_at),
        "duration_seconds": summary.duration_seconds,
        "job_count": summary.job_count,
        "failed_job_count": summary.failed_job_count,
        "queued_seconds": summary.queued_seconds,
        "job_marks": summary.job_marks,
    }


def repository_row(
    record: RepositoryRecord,
    counts: LedgerCounts,
    *,
    now: datetime,
    web_url: str | None = None,
    budget: RequestBudget | None = None,
) -> dict[str, Any]:
    """Return one watched repository as pages, `status` and programs get it.

    ``watched_since``: from when on runs are collected, a backfill included. ``known``: its
    attempts; ``in_flight``: those published, but not their end; ``backlog``: those that were never
    published. A paused repository has no next poll. ``budget`` is needed only with a backlog.
    """
    next_poll_at = None if record.paused else record.next_poll_at
    return {
        "full_name": record.full_name,
        "paused": record.paused,
        "html_url": f"{web_url}/{record.full_name}" if web_url else None,
        "state": repository_state(record, counts),
        "added_at": format_timestamp(record.added_at),
        "watched_since": format_timestamp(record.watched_since),
        "last_polled_at": format_timestamp(record.last_polled_at),
        "next_poll_at": format_timestamp(next_poll_at),
        "is_being_polled": record.is_leased(now) and not record.paused,
        "in_flight": counts.in_flight,
        "collected": counts.collected,
        "backlog": counts.unread_attempts,
        "known": counts.attempts,
        "backlog_seconds": backlog_seconds(record, counts, now, budget),
        "logs_pending": counts.logs_pending,
        "logs_fetched": counts.logs_fetched,
        "logs_unavailable": counts.logs_unavailable,
        "failures": record.failed_polls,
        "last_error": record.last_error,
        "remedy": _remedy(record),
    }


def discovery_fields(
    record: RepositoryRecord, found: DiscoveredRepository | None
) -> dict[str, Any]:
    """Return what discovery has found of a repository; ``source`` is None if no source includes it.

    ``new_name``: its present name on GitHub; ``suspension_reason``: why it is not polled, unless
    somebody has resumed it.
    """
    return {
        "source": None if found is None else found.source,
        "new_name": None if found is None else found.new_name,
        "suspension_reason": found.suspension_reason if found and record.paused else None,
        "discovered_at": None if found is None else format_timestamp(found.discovered_at),
    }


def repository_state(record: RepositoryRecord, counts: LedgerCounts) -> str:
    """Return the state of a repository in one word."""
    if record.paused:
        return "paused"
    if record.failed_polls:
        return "failing"
    if record.last_polled_at is not None and counts.unread_attempts:
        return "backfilling"
    return "new" if record.is_run_list_unread else "watching"


def _remedy(record: RepositoryRecord) -> str | None:
    if record.last_error is None:
        return None
    if record.paused:
        return "It is tried again when the repository is resumed."
    if record.failed_polls:
        return "It is retried automatically. Run the checks under Settings to see what to fix."
    return "No action is needed: it is retried automatically."
