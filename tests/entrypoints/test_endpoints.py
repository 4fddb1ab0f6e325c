"""The health that the app's endpoint reports."""

from __future__ import annotations

import pytest
from ingest.domain.agent_states import AgentState
from ingest.entrypoints.endpoints import is_well


@pytest.mark.parametrize("state", AgentState)
def test_a_stopped_agent_is_unwell_and_a_paused_one_is_not(state: AgentState) -> None:
    """A monitor must hear of an agent that nobody has paused and that collects nothing."""
    works = state in {"running", "idle", "paused", "limited"}

    assert is_well([AgentState.RUNNING.value, state.value]) == works
