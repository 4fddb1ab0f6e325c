"""Errors, actions of people and heartbeats: the Activity page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ...domain.error_causes import Cause, cause_of
from ...domain.ledger import MAX_ERRORS, ActivityRecord, ErrorRecord
from ...domain.timestamps import format_timestamp
from ...ports import StateStore
from .agents import heartbeat_rows, state_on_host

SHOWN_ACTIVITIES = 100

#: Times are shown in milliseconds.
_SHOWN_PRECISION = timedelta(milliseconds=1)


def list_activity(store: StateStore, *, now: datetime) -> dict[str, Any]:
    """Load errors, activities and heartbeats. Raises StateUnavailable."""
    agents = [replace(each, state=state_on_host(each, now)) for each in store.list_agents()]
    return {
        "errors": group_errors(store.list_errors(limit=MAX_ERRORS)),
        "activities": [
            _activity_row(each) for each in store.list_activities(limit=SHOWN_ACTIVITIES)
        ],
        "agents": heartbeat_rows(agents, now=now),
    }


def group_errors(errors: Sequence[ErrorRecord]) -> list[dict[str, Any]]:
    """Return a row for each cause, newest first, with the newest of its errors."""
    groups: dict[Cause, dict[str, Any]] = {}
    for error in errors:
        group = groups.setdefault(error.cause, {**error_row(error), "times": 0})
        group["times"] += 1
        group["first_at"] = format_timestamp(error.occurred_at)
    return list(groups.values())


def remove_errors_of_cause(
    store: StateStore, *, agent: str, repository: str | None, message: str
) -> int:
    """Remove every error that has the cause of the given one; return how many.

    Raises StateUnavailable.
    """
    # A callable strips the texts that a page sends, so the stored one is compared stripped.
    cause = cause_of(agent, repository, message.strip())
    return store.remove_errors(
        [
            each
            for each in store.list_errors(limit=MAX_ERRORS)
            if cause_of(each.agent, each.repository, each.message.strip()) == cause
        ]
    )


def remove_errors_until(store: StateStore, until: datetime) -> int:
    """Remove all errors up to the time of the newest one that was shown; return how many.

    Raises StateUnavailable.
    """
    before, errors = until + _SHOWN_PRECISION, store.list_errors(limit=MAX_ERRORS)
    return store.remove_errors([each for each in errors if each.occurred_at < before])


def error_row(error: ErrorRecord) -> dict[str, Any]:
    """Return one error with its remedy."""
    return {
        "occurred_at": format_timestamp(error.occurred_at),
        "agent": error.agent,
        "repository": error.repository,
        "what": error.message,
        "remedy": error.remedy,
    }


def _activity_row(record: ActivityRecord) -> dict[str, Any]:
    return {
        "occurred_at": format_timestamp(record.occurred_at),
        "actor": record.actor,
        "repository": record.repository,
        "what": record.action,
    }
