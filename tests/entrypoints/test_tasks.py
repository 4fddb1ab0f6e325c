"""When the tasks of an app have work, and what a failure of one part leaves of the others."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.entrypoints import tasks
from ingest.entrypoints.request_context import RequestContext
from ingest.entrypoints.tasks import has_work
from ingest.errors import IngestError
from ingest.ports import StateStore
from ingest.services.context import AGENTS, LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ingest.settings import Settings
from support.state_records import a_log, a_repository, an_attempt


@pytest.fixture
def state() -> StateStore:
    return open_sql_state("sqlite://")


def agents_with_work(state: StateStore) -> list[str]:
    request = RequestContext()
    vars(request).update(state=state, settings=Settings())
    return [agent for agent in AGENTS if has_work(request, agent)]


def test_an_app_that_watches_nothing_has_no_work(state: StateStore) -> None:
    assert agents_with_work(state) == []


def test_a_watched_repository_is_work_for_both_agents(state: StateStore) -> None:
    state.add_repository(a_repository())
    assert agents_with_work(state) == [PIPELINE_MONITORING_AGENT, LOG_INGESTION_AGENT]


def test_the_logs_of_a_repository_that_was_removed_are_fetched(state: StateStore) -> None:
    """They would be pending for ever, as a fault that nobody can correct."""
    state.save_job_logs([a_log()])
    assert agents_with_work(state) == [LOG_INGESTION_AGENT]


def test_old_attempts_are_purged_also_while_no_log_can_be_requeued(
    state: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while the queue is away, or without a token: the state would grow on."""
    state.save_attempts(
        [an_attempt(created_at=datetime(2020, 1, 1, tzinfo=timezone.utc), settled=True)]
    )
    request = RequestContext()
    vars(request).update(state=state, settings=Settings())
    monkeypatch.setattr(tasks, "RequestContext", lambda: request)
    with pytest.raises(IngestError):
        tasks.daily_upkeep()
    assert state.count_ledger().attempts == 0
