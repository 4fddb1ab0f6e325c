"""The end of a one-time collection is known until an agent reports again."""

from __future__ import annotations

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.ports import StateStore
from ingest.services.collections.one_time_collection import find_one_time_collection
from support.state_records import a_collection, an_agent, at


@pytest.fixture
def state() -> StateStore:
    return open_sql_state("sqlite://")


def test_the_last_end_is_loaded(state: StateStore) -> None:
    """A collection that a person started in an app has no exit code, and is not one."""
    assert find_one_time_collection(state.list_collections(), []) is None
    once = a_collection("once", exit_code=0, updated_at=at(10))
    state.save_collection(once)
    state.save_collection(a_collection("manual", started_at=at(20), updated_at=at(30)))
    assert find_one_time_collection(state.list_collections(), []) == once


def test_an_agent_that_reported_later_replaces_it(state: StateStore) -> None:
    """One that had ended before does not."""
    once = a_collection("once", exit_code=0, updated_at=at(10))
    state.save_collection(once)
    assert (
        find_one_time_collection(state.list_collections(), [an_agent("logs", heartbeat_at=at(9))])
        == once
    )
    assert (
        find_one_time_collection(state.list_collections(), [an_agent("logs", heartbeat_at=at(11))])
        is None
    )
