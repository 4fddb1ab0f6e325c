"""What went wrong and what was done: equal errors are one line."""

from __future__ import annotations

import pytest
from ingest.adapters.sql import SqlState, open_sql_state
from ingest.domain.ledger import MAX_ERRORS
from ingest.domain.timestamps import format_timestamp, parse_timestamp
from ingest.services.context import LOG_INGESTION_AGENT
from ingest.services.dashboard.activity import (
    SHOWN_ACTIVITIES,
    group_errors,
    list_activity,
    remove_errors_of_cause,
    remove_errors_until,
)
from support.state_records import NOW, an_activity, an_agent, an_error, at


@pytest.fixture
def state() -> SqlState:
    return open_sql_state("sqlite://")


def test_errors_that_report_the_same_of_the_same_are_one(state):
    """With how often, and when first and last; the newest group comes first."""
    for seconds in (1, 5, 3):
        state.add_error(an_error(seconds, message="same", repository="o/r"))
    state.add_error(an_error(4, message="same", repository="o/other"))
    state.add_error(an_error(2, message="same", repository="o/r", agent="another"))
    state.add_error(an_error(0, message="different", repository="o/r"))
    groups = group_errors(state.list_errors(limit=MAX_ERRORS))
    assert [(each["agent"], each["repository"], each["what"]) for each in groups] == [
        ("monitor", "o/r", "same"),
        ("monitor", "o/other", "same"),
        ("another", "o/r", "same"),
        ("monitor", "o/r", "different"),
    ]
    assert groups[0] == {
        "occurred_at": format_timestamp(at(5)),
        "first_at": format_timestamp(at(1)),
        "times": 3,
        "agent": "monitor",
        "repository": "o/r",
        "what": "same",
        "remedy": "r",
    }


def test_errors_that_differ_by_their_ids_only_are_one_and_go_together(state):
    """A suspended installation refuses each log by itself."""
    for run_id in (10026121227, 10026121245, 10026121299):
        state.add_error(
            an_error(run_id % 100, message=f"/runs/{run_id}/logs (403)", repository="o/r")
        )
    state.add_error(an_error(1, message="/runs/10026121227/logs (404)", repository="o/r"))
    newest, other = group_errors(state.list_errors(limit=MAX_ERRORS))
    assert (newest["what"], newest["times"]) == ("/runs/10026121299/logs (403)", 3)
    removed = remove_errors_of_cause(
        state, agent="monitor", repository="o/r", message=newest["what"]
    )
    assert removed == 3
    assert group_errors(state.list_errors(limit=MAX_ERRORS)) == [other]


def test_an_error_with_spaces_around_it_is_removed_like_any_other(state):
    """The text that a page sends is read without them."""
    state.add_error(an_error(1, message=" It broke.\n", repository="o/r"))
    cause = {"agent": "monitor", "repository": "o/r", "message": "It broke."}
    assert remove_errors_of_cause(state, **cause) == 1


def test_all_errors_that_were_shown_are_removed_and_no_later_ones(state):
    """The page sends the newest time that it shows, without what is finer than a millisecond."""
    for seconds, what in ((1, "old"), (2.0004, "new"), (3, "later"), (4, "old")):
        state.add_error(an_error(seconds, message=what, repository="o/r"))
    shown = parse_timestamp(format_timestamp(at(2.0004)))
    assert remove_errors_until(state, shown) == 2
    assert [each.message for each in state.list_errors(limit=9)] == ["old", "later"]


def test_all_errors_that_are_kept_are_counted(state):
    """A storm is one line."""
    for seconds in range(MAX_ERRORS + 20):
        state.add_error(an_error(seconds))
    [group] = group_errors(state.list_errors(limit=MAX_ERRORS))
    assert group["times"] == MAX_ERRORS


def test_activity_has_errors_actions_and_hosts(state):
    """Activities, newest first, no more than a page of them."""
    state.add_error(an_error())
    for seconds in range(SHOWN_ACTIVITIES + 5):
        state.add_activity(
            an_activity(seconds, actor="mona", repository="o/r", action=f"w{seconds}")
        )
    state.save_agent(an_agent(LOG_INGESTION_AGENT))
    shown = list_activity(state, now=NOW)
    assert len(shown["errors"]) == 1
    assert len(shown["activities"]) == SHOWN_ACTIVITIES
    assert shown["activities"][0] == {
        "occurred_at": format_timestamp(at(SHOWN_ACTIVITIES + 4)),
        "actor": "mona",
        "repository": "o/r",
        "what": f"w{SHOWN_ACTIVITIES + 4}",
    }
    assert [each["name"] for each in shown["agents"]] == [LOG_INGESTION_AGENT]


def test_nothing_happened_is_nothing_to_show(state):
    """Lists, all empty."""
    assert list_activity(state, now=NOW) == {"errors": [], "activities": [], "agents": []}


@pytest.mark.parametrize(
    ("reported", "silent_seconds", "shown"),
    [
        ("running", 149, "running"),
        ("running", 151, "stalled"),
        ("idle", -151, "stalled"),
        ("stopped", 9000, "stopped"),
    ],
)
def test_an_agent_that_no_longer_reports_has_stalled(state, reported, silent_seconds, shown):
    """A killed process would run on the page for a day."""
    agent = an_agent(LOG_INGESTION_AGENT, state=reported, heartbeat_at=at(-silent_seconds))
    state.save_agent(agent)
    [row] = list_activity(state, now=NOW)["agents"]
    assert row["state"] == shown
