"""What went wrong and what was done, for people to look back at."""

from __future__ import annotations

from typing import Any

from ...domain.ledger import ActivityRecord
from ...domain.timestamps import format_timestamp
from ...ports import StateStore
from ...ports.state import MOST_ERRORS
from .agents import host_rows

SHOWN_DEEDS = 100


def list_activity(store: StateStore) -> dict[str, Any]:
    """Read errors, activities and signs of life. Raises StateUnavailable."""
    return {
        "errors": grouped_errors(store),
        "activities": [_activity_row(each) for each in store.list_activities(limit=SHOWN_DEEDS)],
        "agents": host_rows(store.list_agents()),
    }


def grouped_errors(store: StateStore) -> list[dict[str, Any]]:
    """Read errors, newest first; those that say the same of the same are one."""
    groups: dict[tuple[str, str | None, str], dict[str, Any]] = {}
    for error in store.list_errors(limit=MOST_ERRORS):
        group = groups.setdefault(
            (error.agent, error.repository, error.what),
            {
                "occurred_at": format_timestamp(error.occurred_at),
                "times": 0,
                "agent": error.agent,
                "repository": error.repository,
                "what": error.what,
                "remedy": error.remedy,
            },
        )
        group["times"] += 1
        group["first_at"] = format_timestamp(error.occurred_at)
    return list(groups.values())


def _activity_row(record: ActivityRecord) -> dict[str, Any]:
    return {
        "occurred_at": format_timestamp(record.occurred_at),
        "actor": record.actor,
        "repository": record.repository,
        "what": record.what,
    }
