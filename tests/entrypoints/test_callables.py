"""Callables as a page calls them, on a state in memory."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import anvil.server
import pytest
from ingest.adapters import anvil_secrets
from ingest.adapters.sql import open_sql_state
from ingest.domain.agent_states import AgentState
from ingest.domain.filters import parse_filters
from ingest.domain.ledger import new_repository
from ingest.domain.source_records import SourceRecord
from ingest.entrypoints import accounts
from ingest.entrypoints.administration import get_settings
from ingest.entrypoints.pages import (
    dismiss_all_errors,
    dismiss_error,
    pause_repository,
    resume_repository,
)
from ingest.entrypoints.request_context import RequestContext
from ingest.entrypoints.roles import Role
from ingest.entrypoints.sources import pause_repositories, set_source_filters
from ingest.errors import Rejected, StateUnavailable
from ingest.ports import StateStore
from ingest.services.context import PIPELINE_MONITORING_AGENT
from ingest.settings import Settings
from support.changed_ports import Changed, raising
from support.state_records import an_agent, an_error

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
FULL_NAME = "octo/api"


@pytest.fixture
def state() -> StateStore:
    """Watch one repository of a source with filters."""
    state = open_sql_state("sqlite://")
    state.add_repository(new_repository(FULL_NAME, backfill_days=1, now=NOW))
    filters = parse_filters({"branches": "main"})
    state.save_sources(
        [SourceRecord(pattern="octo/*", added_at=NOW, origin="test", filters=filters)]
    )
    return state


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the tasks that are launched."""
    names: list[str] = []
    monkeypatch.setattr(
        anvil.server, "launch_background_task", lambda name, *_: names.append(name), raising=False
    )
    return names


def call_of_ada(state: StateStore) -> RequestContext:
    """Return the context of a call on a state."""
    request = RequestContext(actor="ada@example.com", role=Role.ADMIN)
    vars(request).update(state=state, settings=Settings())
    return request


def test_a_repository_that_is_resumed_is_polled_at_once(
    state: StateStore, launched: list[str]
) -> None:
    """Without it, its poll would wait for the schedule, for up to a minute."""
    pause_repository(call_of_ada(state), FULL_NAME)
    assert launched == []

    assert resume_repository(call_of_ada(state), FULL_NAME)["paused"] is False

    assert launched == ["pipeline_monitoring_tick"]


def test_a_tick_that_ended_before_the_clock_was_set_back_does_not_count_as_running(
    state: StateStore, launched: list[str]
) -> None:
    """Its last heartbeat is ahead; one whose heartbeat is new needs no other tick."""
    call = call_of_ada(state)
    pause_repository(call, FULL_NAME)
    tick = an_agent(PIPELINE_MONITORING_AGENT, state=AgentState.RUNNING.value)
    state.save_agent(replace(tick, heartbeat_at=call.now))
    resume_repository(call, FULL_NAME)
    assert launched == []

    state.save_agent(replace(tick, heartbeat_at=call.now + timedelta(hours=1)))
    resume_repository(call, FULL_NAME)

    assert launched == ["pipeline_monitoring_tick"]


def test_repositories_that_are_resumed_together_are_polled_at_once(
    state: StateStore, launched: list[str]
) -> None:
    pause_repositories(call_of_ada(state), True)
    assert launched == []

    assert pause_repositories(call_of_ada(state), False) == {"done": 1, "left": 0}

    assert launched == ["pipeline_monitoring_tick"]
    actions = [each.action for each in state.list_activities(limit=9)]
    assert actions == ["resumed 1 repository", "paused 1 repository"]


@pytest.mark.parametrize("filters", [None, "main", ["main"]])
def test_filters_that_are_none_change_nothing(state: StateStore, filters: object) -> None:
    with pytest.raises(Rejected, match="must be texts"):
        set_source_filters(call_of_ada(state), "octo/*", filters)

    [source] = state.list_sources()
    assert source.filters.as_texts() == {"branches": "main"}


def test_what_was_done_has_not_failed_where_it_cannot_be_recorded(
    state: StateStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A password that is shown only once would be lost with the error."""
    unwritable = Changed(state, add_activity=raising(StateUnavailable("The disk is full.")))

    with caplog.at_level(logging.ERROR):
        call_of_ada(unwritable).record_activity("created the account bob@example.com (viewer)")

    assert "not recorded" in caplog.text


def test_only_errors_that_were_there_are_dismissed_in_the_audit_trail(state: StateStore) -> None:
    dismiss_error(call_of_ada(state), "monitor", None, "It broke.")
    dismiss_all_errors(call_of_ada(state), "2026-05-01T12:00:00Z")
    assert state.list_activities(limit=9) == []

    state.add_error(an_error(message="It broke.", repository=None))
    assert dismiss_error(call_of_ada(state), "monitor", None, "It broke.") == 1

    [dismissal] = state.list_activities(limit=9)
    assert dismissal.action == "dismissed an error of the monitor"


@pytest.mark.parametrize("poll_seconds", ["60", "often"])
def test_the_settings_page_names_an_app_that_is_set_in_quotes(
    state: StateStore, monkeypatch: pytest.MonkeyPatch, poll_seconds: str
) -> None:
    """Docker's env files keep them. A fault in another setting hides neither App nor secret."""
    monkeypatch.setattr(accounts, "list_accounts", lambda **_: [])
    monkeypatch.setattr(anvil_secrets, "_secret", lambda _name: None)
    monkeypatch.setattr(anvil.server, "get_api_origin", lambda: "https://app", raising=False)
    values = {"GITHUB_APP_ID": "'7'", "GITHUB_APP_PRIVATE_KEY": "a key"}
    values |= {"GITHUB_WEBHOOK_SECRET": "a secret", "POLL_SECONDS": poll_seconds}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    request = RequestContext()
    vars(request).update(state=state)
    answer = get_settings(request)
    assert (answer["github_app"], answer["webhook"]["secret_is_set"]) == ("7", True)
    assert any("POLL_SECONDS" in each for each in answer["settings_errors"]) == (
        poll_seconds == "often"
    )
