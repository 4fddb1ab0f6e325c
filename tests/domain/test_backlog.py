"""What is left to read takes as long as what was read, or longer where requests run out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from ingest.domain.backlog import RequestBudget, backlog_seconds, request_budget
from ingest.domain.ledger import AgentRecord, LedgerCounts, RepositoryRecord
from ingest.domain.timestamps import format_timestamp
from support.builders import at

WATCHED = RepositoryRecord(full_name="octo/api", added_at=at(0), watched_since=at(-86_400))

#: 2,500 attempts an hour; none is left of this one, which ends in 50 minutes.
USED_UP = RequestBudget(per_hour=5000, remaining=0, seconds_left=3000, per_attempt=2)


@pytest.mark.parametrize(
    ("attempts", "unread", "seconds"),
    [(0, 0, 0.0), (10, 0, 0.0), (10, 10, None), (10, 5, 600.0), (400, 300, 1800.0)],
)
def test_a_backlog_lasts_at_the_pace_since_watching_began(attempts, unread, seconds):
    """Nothing unread takes no time; before anything was read there is no pace."""
    counts = LedgerCounts(attempts=attempts, unread_attempts=unread)
    assert backlog_seconds(WATCHED, counts, at(600)) == seconds


def test_a_clock_that_was_set_back_shows_no_pace() -> None:
    counts = LedgerCounts(attempts=10, unread_attempts=5)
    assert backlog_seconds(WATCHED, counts, at(-1)) is None


@pytest.mark.parametrize(
    ("unread", "budget", "seconds"),
    [
        (10_000, USED_UP, 3000 + 4 * 3600),
        (10_100, USED_UP, 3000 + 4 * 3600 + 24),
        (100, USED_UP, 3000 + 24),
        (100, replace(USED_UP, remaining=200), 24),
        (10_000, replace(USED_UP, remaining=2500), 3000 + 3 * 3600 + 1250 * 0.24),
        (0, USED_UP, 0),
    ],
)
def test_an_hour_that_is_used_up_is_waited_for(
    unread: int, budget: RequestBudget, seconds: float
) -> None:
    """The 2,500 attempts of the first ten minutes are those of a whole hour."""
    counts = LedgerCounts(attempts=2500 + unread, unread_attempts=unread)
    assert backlog_seconds(WATCHED, counts, at(600), budget) == pytest.approx(seconds)


def an_agent(heartbeat_at: datetime, **values: Any) -> AgentRecord:
    reported: dict[str, Any] = {
        "rate_limit": {"limit": 5000, "remaining": 0, "reset_at": format_timestamp(at(3600))},
        "counts": {"attempts": 2500, "github_requests.charged": 5000},
        **values,
    }
    return AgentRecord(
        name="monitoring",
        host="h",
        state="running",
        heartbeat_at=heartbeat_at,
        started_at=at(0),
        **reported,
    )


def test_the_newest_heartbeat_that_knows_gives_the_budget() -> None:
    """A process without attempts does not know what one costs."""
    newer = an_agent(at(9), counts={"github_requests.charged": 7})
    none = an_agent(at(9), rate_limit={})
    assert request_budget([newer, an_agent(at(0)), none], at(600)) == USED_UP
    assert request_budget([newer, none], at(600)) is None
    assert request_budget([], at(600)) is None


def test_an_hour_that_is_over_is_whole_again() -> None:
    """The next one begins with the next request, and what exceeds it waits for its end."""
    budget = request_budget([an_agent(at(0))], at(3700))
    assert budget == replace(USED_UP, remaining=5000, seconds_left=3600)
